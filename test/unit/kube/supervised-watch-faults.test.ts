import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SupervisedWatch } from '../../../src/kube/supervised-watch.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { settle } from '../../support/fake-clock.ts';
import { anItem } from './scripted-source.ts';
import type { Item, ScriptedSource } from './scripted-source.ts';
import { anError, WatchedItems } from './watched-items.ts';

let items: WatchedItems;
let clock: FakeClock;
let source: ScriptedSource;
let seen: string[];
let watch: SupervisedWatch<Item>;

beforeEach(async () => {
  items = new WatchedItems();
  ({ clock, source, seen } = items);
  watch = items.watch();
  watch.start();
  await settle();
});

afterEach(async () => {
  await watch.stop();
});

describe('a version that is gone', () => {
  const states = {
    items: [anItem('a', '5'), anItem('c', '40')],
    resourceVersion: '50',
  };

  it.each([
    ['as an answer', () => source.current.fail(anError(410, 'Expired'))],
    ['as an event', () => source.current.send({ kind: 'error', error: anError(410, 'Expired') })],
  ])('leads to a new list at once when it comes %s', async (_how, end) => {
    await clock.advance(5000);
    source.lists = [states];
    end();
    await clock.advance(0);
    expect(source.listCalls).toBe(2);
    expect(source.current.options.resourceVersion).toBe('50');
  });

  it('makes known what vanished meanwhile before it puts what is there', async () => {
    await clock.advance(5000);
    source.current.put(anItem('b', '11'));
    await settle();
    source.lists = [states];
    source.current.fail(anError(410, 'Expired'));
    await clock.advance(0);
    expect(seen.slice(3)).toEqual(['gone b uid-of-b', 'put a 5', 'put c 40', 'synced']);
  });

  it('makes known that an object was replaced by one of the same name', async () => {
    await clock.advance(5000);
    source.lists = [{ items: [anItem('a', '45', 'another')], resourceVersion: '50' }];
    source.current.fail(anError(410, 'Expired'));
    await clock.advance(0);
    expect(seen.slice(2)).toEqual(['gone a uid-of-a', 'put a 45', 'synced']);
  });

  it('slows down when it comes again and again', async () => {
    for (let round = 0; round < 600; round += 1) {
      source.current.fail(anError(410, 'Expired'));
      await clock.advance(100);
    }
    expect(source.listCalls).toBeLessThan(25);
  });
});

describe('a watch that breaks', () => {
  it.each([
    ['with an error event', () => source.current.send({ kind: 'error', error: anError(500) })],
    [
      'with an unreadable event',
      () => source.current.send({ kind: 'error', error: anError(undefined, 'BadAnswer') }),
    ],
    ['with a lost connection', () => source.current.fail(anError(undefined, 'ConnectionFailed'))],
    ['with an error of another kind', () => source.current.fail(new TypeError('a bug'))],
  ])('%s is opened again from where it was', async (_how, end) => {
    await clock.advance(5000);
    source.current.bookmark('20');
    end();
    await clock.advance(249);
    expect(source.watches).toHaveLength(1);
    await clock.advance(1);
    expect(source.watches).toHaveLength(2);
    expect(source.current.options.resourceVersion).toBe('20');
    expect(source.listCalls).toBe(1);
  });

  it('waits longer after each failure in a row, 10 s at most', async () => {
    items.random = 0.999;
    const waits: number[] = [];
    for (let failure = 1; failure <= 8; failure += 1) {
      const opened = clock.now();
      source.current.fail(anError(500));
      while (source.watches.length === failure) await clock.advance(50);
      waits.push(clock.now() - opened);
    }
    expect(waits).toEqual([1000, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  });

  it('waits as long as the server asks, 10 s at most', async () => {
    await clock.advance(5000);
    source.current.fail(anError(429, 'TooManyRequests', 3000));
    await clock.advance(2999);
    expect(source.watches).toHaveLength(1);
    await clock.advance(1);
    source.current.fail(anError(429, 'TooManyRequests', 3_600_000));
    await clock.advance(10_000);
    expect(source.watches).toHaveLength(3);
  });

  it('lists anew after three failures in a row: a restored etcd refuses the old version for ever', async () => {
    source.lists = [{ items: [], resourceVersion: '4' }];
    for (let failure = 1; failure <= 3; failure += 1) {
      source.current.fail(anError(504, 'Timeout'));
      await clock.advance(10_000);
    }
    expect(source.listCalls).toBe(2);
    expect(source.current.options.resourceVersion).toBe('4');
  });

  it('counts failures until events come again', async () => {
    source.current.fail(anError(500));
    await clock.advance(1000);
    expect(watch.failures).toBe(1);
    source.current.put(anItem('b', '11'));
    await settle();
    expect(watch.failures).toBe(0);
  });
});

describe('a silent connection', () => {
  it('is cut and opened again after 75 s without a byte', async () => {
    const { signal } = source.current;
    await clock.advance(74_999);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.reason).toMatchObject({ reason: 'TimedOut' });
    await clock.advance(250);
    expect(source.watches).toHaveLength(2);
  });

  it.each([
    ['a heartbeat', () => source.current.send({ kind: 'heartbeat' })],
    ['a bookmark', () => source.current.bookmark('11')],
    ['an event', () => source.current.put(anItem('b', '11'))],
  ])('is not silent while %s comes now and then', async (_what, say) => {
    for (let minute = 0; minute < 5; minute += 1) {
      await clock.advance(60_000);
      say();
    }
    await clock.advance(60_000);
    expect(source.watches).toHaveLength(1);
  });
});
