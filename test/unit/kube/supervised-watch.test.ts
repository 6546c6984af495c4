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

describe('the first list', () => {
  it('puts what is there, then says that it is synced', () => {
    expect(seen).toEqual(['put a 5', 'synced']);
    expect(watch.synced).toBe(true);
  });

  it('is followed by a watch from its version that the server is to end after 240 to 300 s', () => {
    expect(source.current.options).toEqual({ resourceVersion: '10', timeoutSeconds: 270 });
  });

  it('is tried again when it fails, and nothing is synced meanwhile', async () => {
    await watch.stop();
    source.lists = [anError(500), { items: [], resourceVersion: '3' }];
    watch = items.watch();
    watch.start();
    await settle();
    expect(watch.synced).toBe(false);
    await clock.advance(1000);
    expect(watch.synced).toBe(true);
  });

  it('is given up after 30 s without an answer', async () => {
    await watch.stop();
    source.lists = ['hang', { items: [], resourceVersion: '3' }];
    watch = items.watch();
    watch.start();
    await clock.advance(29_999);
    expect(source.listCalls).toBe(2);
    await clock.advance(501);
    expect(watch.synced).toBe(true);
  });
});

describe('events', () => {
  it('reach the handlers in their order', async () => {
    source.current.put(anItem('b', '11'));
    source.current.put(anItem('b', '12'));
    source.current.gone(anItem('b', '13'));
    await settle();
    expect(seen.slice(2)).toEqual(['put b 11', 'put b 12', 'gone b uid-of-b']);
  });

  it('that come twice or carry an older state are dropped', async () => {
    source.current.put(anItem('b', '12'));
    source.current.put(anItem('b', '12'));
    source.current.put(anItem('b', '11'));
    source.current.put(anItem('b', '9'));
    await settle();
    expect(seen.slice(2)).toEqual(['put b 12']);
  });

  it('about a new object of an old name are not taken for the old one', async () => {
    source.current.put(anItem('b', '12', 'first'));
    source.current.put(anItem('b', '14', 'second'));
    source.current.gone(anItem('b', '13', 'first'));
    await settle();
    expect(seen.slice(2)).toEqual(['put b 12', 'put b 14', 'gone b first']);
  });

  it('are counted, each once, and the first list is not', async () => {
    expect(watch.events).toBe(0);
    source.current.put(anItem('b', '11'));
    source.current.gone(anItem('b', '12'));
    await settle();
    expect(watch.events).toBe(2);
  });

  it('go on after a handler has thrown', async () => {
    await watch.stop();
    const names: string[] = [];
    const onPut = ({ name }: Item): void => {
      names.push(name);
      throw new Error('a bug');
    };
    watch = items.watch({ handlers: { onPut, onGone: () => undefined } });
    watch.start();
    await settle();
    source.current.put(anItem('b', '11'));
    await settle();
    expect(names).toEqual(['a', 'b']);
    expect(items.log.lines.filter((line) => line.level === 'error')).toHaveLength(2);
  });
});

describe('a watch that ends as it should', () => {
  it('is opened again from the last event, and nothing is listed or put twice', async () => {
    await clock.advance(5000);
    source.current.put(anItem('b', '11'));
    source.current.close();
    await clock.advance(0);
    expect(source.watches).toHaveLength(2);
    expect(source.current.options.resourceVersion).toBe('11');
    expect(source.listCalls).toBe(1);
  });

  it('is opened again from the last bookmark', async () => {
    await clock.advance(5000);
    source.current.bookmark('99');
    source.current.close();
    await clock.advance(0);
    expect(source.current.options.resourceVersion).toBe('99');
  });

  it('never goes back behind a version that it has seen', async () => {
    await clock.advance(5000);
    source.current.put(anItem('b', '100'));
    source.current.put(anItem('c', '99'));
    source.current.close();
    await clock.advance(0);
    expect(source.current.options.resourceVersion).toBe('100');
  });

  it('is opened at most once a second', async () => {
    for (let second = 1; second <= 5; second += 1) {
      source.current.close();
      await clock.advance(999);
      expect(source.watches).toHaveLength(second);
      await clock.advance(1);
      expect(source.watches).toHaveLength(second + 1);
    }
  });
});

describe('what is told about the watch', () => {
  it('is connected from the first sign of life to the end', async () => {
    expect(watch.connected).toBe(false);
    source.current.send({ kind: 'heartbeat' });
    await settle();
    expect(watch.connected).toBe(true);
    source.current.close();
    await settle();
    expect(watch.connected).toBe(false);
  });

  it('has the time of the last sign of life', async () => {
    await clock.advance(1234);
    source.current.send({ kind: 'heartbeat' });
    await settle();
    expect(watch.lastActivityAt).toBe(clock.monotonic());
  });
});

describe('stop', () => {
  it('ends at once, even if the source does not', async () => {
    await watch.stop();
    source.current.put(anItem('b', '11'));
    await clock.advance(100_000);
    expect(seen).toEqual(['put a 5', 'synced']);
    expect(source.watches).toHaveLength(1);
  });

  it('ends a wait between two watches', async () => {
    source.current.fail(anError(500));
    await settle();
    await watch.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('may come before the start and more than once', async () => {
    const never = items.watch();
    await never.stop();
    await never.stop();
    never.start();
    await settle();
    expect(source.listCalls).toBe(1);
  });
});
