import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeApiError } from '../../../src/kube/api-error.ts';
import { SupervisedWatch } from '../../../src/kube/supervised-watch.ts';
import type { SupervisedWatchOptions } from '../../../src/kube/supervised-watch.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { anItem, ScriptedSource } from './scripted-source.ts';
import type { Item } from './scripted-source.ts';

function anError(status: number | undefined, reason = 'Whatever', retryAfterMs?: number) {
  const options = { status, reason, retryAfterMs, verb: 'watch', resource: 'items' };
  return new KubeApiError('refused', options);
}

let clock: FakeClock;
let source: ScriptedSource;
let log: RecordingLogger;
let seen: string[];
let random: number;
let watch: SupervisedWatch<Item>;

function aWatch(options: Partial<SupervisedWatchOptions<Item>> = {}): SupervisedWatch<Item> {
  return new SupervisedWatch<Item>({
    source,
    identify: (item) => item,
    handlers: {
      onPut: ({ name, resourceVersion }) => seen.push(`put ${name} ${resourceVersion}`),
      onGone: ({ name, uid }) => seen.push(`gone ${name} ${uid}`),
      onSynced: () => seen.push('synced'),
    },
    clock,
    random: () => random,
    log,
    ...options,
  });
}

beforeEach(async () => {
  clock = new FakeClock();
  source = new ScriptedSource();
  source.lists = [{ items: [anItem('a', '5')], resourceVersion: '10' }];
  log = new RecordingLogger();
  seen = [];
  random = 0.5;
  watch = aWatch();
  watch.start();
  await settle();
});

afterEach(async () => {
  await watch.stop();
  expect(clock.pendingTimers).toBe(0);
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
    watch = aWatch();
    watch.start();
    await settle();
    expect(watch.synced).toBe(false);
    await clock.advance(1000);
    expect(watch.synced).toBe(true);
  });

  it('is given up after 30 s without an answer', async () => {
    await watch.stop();
    source.lists = ['hang', { items: [], resourceVersion: '3' }];
    watch = aWatch();
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

  it('go on after a handler has thrown', async () => {
    await watch.stop();
    const names: string[] = [];
    const onPut = ({ name }: Item): void => {
      names.push(name);
      throw new Error('a bug');
    };
    watch = aWatch({ handlers: { onPut, onGone: () => undefined } });
    watch.start();
    await settle();
    source.current.put(anItem('b', '11'));
    await settle();
    expect(names).toEqual(['a', 'b']);
    expect(log.lines.filter((line) => line.level === 'error')).toHaveLength(2);
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
    random = 0.999;
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
    const never = aWatch();
    await never.stop();
    await never.stop();
    never.start();
    await settle();
    expect(source.listCalls).toBe(1);
  });
});
