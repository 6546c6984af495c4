import { beforeEach, describe, expect, it } from '@jest/globals';
import { KeyedWorkQueue } from '../../../src/distribution/keyed-work-queue.ts';
import type { WorkOutcome } from '../../../src/distribution/keyed-work-queue.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

let clock: FakeClock;
let begun: string[];
let failures: string[];
/** Ends what works on a key. */
let ends: Map<string, (outcome: number | undefined | Error) => void>;
let queue: KeyedWorkQueue;
let signals: AbortSignal[];

beforeEach(() => {
  clock = new FakeClock();
  begun = [];
  failures = [];
  signals = [];
  ends = new Map();
  queue = new KeyedWorkQueue({
    work: (key, signal) => {
      begun.push(key);
      signals.push(signal);
      return new Promise<WorkOutcome>((resolve, reject) => {
        ends.set(key, (outcome) => {
          if (outcome instanceof Error) reject(outcome);
          else resolve({ againInMs: outcome });
        });
      });
    },
    onFailure: (key) => failures.push(key),
    concurrency: 2,
    maxKeys: 4,
    backoff: { firstMs: 1000, maxMs: 8000 },
    clock,
    random: () => 0.5,
  });
});

async function end(key: string, outcome?: number | Error): Promise<void> {
  ends.get(key)?.(outcome);
  await settle();
}

describe('a queue of keys', () => {
  it('works on as many at once as it may', async () => {
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await settle();
    expect(begun).toEqual(['a', 'b']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  it('holds a key once, however often it is added', async () => {
    for (const key of ['a', 'b', 'c', 'c', 'c']) queue.add(key);
    expect(queue.size).toBe(3);
    await end('a');
    await end('b');
    await end('c');
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  it('never works twice on a key at once, but once more where it was added meanwhile', async () => {
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('a');
    await settle();
    expect(begun).toEqual(['a']);
    await end('a');
    expect(begun).toEqual(['a', 'a']);
    await end('a');
    expect(queue.size).toBe(0);
  });

  it('takes no more keys than it may hold, but those that it has', () => {
    const taken = ['a', 'b', 'c', 'd', 'e', 'a', 'd'].map((key) => queue.add(key));
    expect(taken).toEqual([true, true, true, true, false, true, true]);
  });

  it('tries again what failed, later and later', async () => {
    queue.add('a');
    await settle();
    await end('a', new Error('no'));
    await clock.advance(999);
    expect(begun).toHaveLength(1);
    await clock.advance(1);
    await end('a', new Error('no'));
    await clock.advance(1499);
    expect(begun).toHaveLength(2);
    await clock.advance(1);
    expect(begun).toHaveLength(3);
    expect(failures).toEqual(['a', 'a']);
  });

  it('forgets failures after a success', async () => {
    queue.add('a');
    await settle();
    await end('a', new Error('no'));
    await clock.advance(1000);
    await end('a');
    queue.add('a');
    await settle();
    await end('a', new Error('no'));
    await clock.advance(1000);
    expect(begun).toHaveLength(4);
  });

  it('does not begin what was put off before its time, even when it is added', async () => {
    queue.add('a');
    await settle();
    await end('a', 60_000);
    queue.add('a');
    await clock.advance(59_999);
    expect(begun).toHaveLength(1);
    await clock.advance(1);
    expect(begun).toHaveLength(2);
  });

  it('does not begin a key that was taken out', async () => {
    queue.add('a');
    await settle();
    await end('a', 1000);
    queue.forget('a');
    await clock.advance(5000);
    expect(begun).toEqual(['a']);
    expect(queue.size).toBe(0);
  });

  it('aborts its work when it is stopped, and begins nothing more', async () => {
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await settle();
    const stopped = queue.stop();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    await end('a', new Error('aborted'));
    await end('b');
    await stopped;
    expect(queue.add('d')).toBe(false);
    expect(begun).toEqual(['a', 'b']);
    expect(failures).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
