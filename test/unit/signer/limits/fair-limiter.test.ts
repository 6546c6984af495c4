import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  defaultFairLimiterBounds,
  FairLimiter,
} from '../../../../src/signer/limits/fair-limiter.ts';
import type {
  FairLimiterBounds,
  LimiterPermit,
} from '../../../../src/signer/limits/fair-limiter.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';

let clock: FakeClock;
let limiter: FairLimiter;
let beyondNeed: number;

beforeEach(() => {
  clock = new FakeClock();
  beyondNeed = 10;
  limiter = makeLimiter();
});

function makeLimiter(limits: Partial<FairLimiterBounds> = {}): FairLimiter {
  return new FairLimiter(clock, { ...defaultFairLimiterBounds, ...limits }, () => beyondNeed);
}

/** As many as may go in at first. */
function fill(): Promise<LimiterPermit[]> {
  return Promise.all(Array.from({ length: limiter.limit }, () => enter()));
}

function enter(signal = new AbortController().signal, namespace = 'foo'): Promise<LimiterPermit> {
  return limiter.acquire(namespace, signal);
}

/** Keeps a signer busy that answers `perSecond` in the order in which they were asked. */
async function serve(perSecond: number, seconds: number): Promise<void> {
  const inside: LimiterPermit[] = [];
  const keepFull = async (): Promise<void> => {
    while (limiter.waiting < 2) void enter().then((permit) => inside.push(permit));
    await settle();
  };
  await keepFull();
  for (let answered = 0; answered < perSecond * seconds; answered += 1) {
    await clock.advance(1_000 / perSecond);
    inside.shift()?.release('issued');
    await keepFull();
  }
}

/** A signer that answers everybody after the same time, in rounds of as many as are let in. */
async function serveSideBySide(ms: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const { limit } = limiter;
    const permits = await Promise.all(Array.from({ length: limit }, () => enter()));
    await clock.advance(ms);
    for (const permit of permits) permit.release('issued');
  }
}

describe('FairLimiter', () => {
  it('lets eight in at first with a part of what may wait, and the others in the order of their coming', async () => {
    const permits = await fill();
    expect(permits).toHaveLength(10);
    const order: number[] = [];
    for (const at of [1, 2, 3]) void enter().then(() => order.push(at));
    await settle();
    expect(order).toEqual([]);
    permits[0]?.release('other');
    permits[1]?.release('other');
    await settle();
    expect(order).toEqual([1, 2]);
    expect(limiter.inFlight).toBe(10);
  });

  it('keeps a signer that signs one after the other at work, and ten waiting', async () => {
    await serve(100, 20);
    expect(limiter.limit).toBeGreaterThanOrEqual(10);
    expect(limiter.limit).toBeLessThanOrEqual(12);
  });

  it('keeps some three seconds of work with a signer that signs 3 a second', async () => {
    await serve(3, 120);
    expect(limiter.limit).toBeGreaterThanOrEqual(8);
    expect(limiter.limit).toBeLessThanOrEqual(12);
  });

  it('keeps as many waiting as it is told, from one moment to the next', async () => {
    beyondNeed = 50;
    await serve(100, 20);
    expect(limiter.limit).toBeGreaterThanOrEqual(50);
    beyondNeed = 5;
    expect(limiter.limit).toBeLessThanOrEqual(8);
    beyondNeed = 50;
    expect(limiter.limit).toBeGreaterThanOrEqual(50);
  });

  it('gives a signer all that may wait only when it has answered some rounds', async () => {
    beyondNeed = 40;
    const limits = [limiter.limit];
    for (let round = 0; round < 2; round += 1) {
      await serveSideBySide(100, 1);
      limits.push(limiter.limit);
    }
    const [first = 0, second = 0, third = 0] = limits;
    expect(first).toBe(18);
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
  });

  it('keeps the least with one that signs one in five seconds', async () => {
    await serve(0.2, 300);
    expect(limiter.limit).toBe(4);
  });

  it.each([50, 30_000])('lets 64 in where all are answered after %d ms', async (ms) => {
    await serveSideBySide(ms, 20);
    expect(limiter.limit).toBe(64);
  });

  it('follows a signer that has become slower for good', async () => {
    await serveSideBySide(10, 100);
    await serveSideBySide(100, 10);
    expect(limiter.limit).toBeLessThan(16);
    await clock.advance(300_000);
    await serveSideBySide(100, 1);
    await clock.advance(300_000);
    await serveSideBySide(100, 20);
    expect(limiter.limit).toBe(64);
  });

  it('halves on silence, once for all who suffer it together', async () => {
    const permits = await fill();
    await clock.advance(60_000);
    for (const permit of permits) permit.release('stalled');
    expect(limiter.limit).toBe(5);
  });

  it('gives a signer again what it can take, however long it was silent', async () => {
    beyondNeed = 40;
    for (let time = 0; time < 2_000; time += 1) {
      const permit = await enter();
      await clock.advance(4_000);
      permit.release('stalled');
    }
    expect(limiter.limit).toBe(4);
    await serveSideBySide(100, 20);
    expect(limiter.limit).toBe(64);
  });

  it('does not learn from requests that were not the cause of a crowd', async () => {
    for (let time = 0; time < 100; time += 1) (await enter()).release('issued');
    expect(limiter.limit).toBe(10);
  });

  it('lets one that waits leave without its turn', async () => {
    const permits = await fill();
    const client = new AbortController();
    const left = enter(client.signal).catch((error: unknown) => error);
    const stays = enter();
    client.abort(new Error('client gone'));
    await expect(left).resolves.toEqual(new Error('client gone'));
    permits[0]?.release('other');
    await expect(stays).resolves.toBeDefined();
    expect(limiter.waiting).toBe(0);
  });

  it('lets the namespaces in by turns, however many one of them sends', async () => {
    const permits = await fill();
    const order: string[] = [];
    for (const namespace of ['foo', 'foo', 'foo', 'bar']) {
      void enter(undefined, namespace).then(() => order.push(namespace));
    }
    await settle();
    for (const permit of permits.slice(0, 2)) permit.release('other');
    await settle();
    expect(order).toEqual(['foo', 'bar']);
  });

  it('turns away the last of the namespace that fills the queue', async () => {
    beyondNeed = 0;
    limiter = makeLimiter({ min: 1, firstNeed: 1, maxQueued: 2 });
    const refused: string[] = [];
    for (const namespace of ['foo', 'foo', 'foo', 'bar']) {
      enter(undefined, namespace).catch(() => refused.push(namespace));
    }
    await settle();
    expect(refused).toEqual(['foo']);
    expect(limiter.waiting).toBe(2);
  });

  it('F62: turns away those for whom there is no room in the queue', async () => {
    beyondNeed = 0;
    limiter = makeLimiter({ firstNeed: 4, maxQueued: 2 });
    for (let at = 0; at < 6; at += 1) void enter();
    await settle();
    await expect(enter()).rejects.toMatchObject({
      code: 'OVERLOADED',
      reason: 'signer_queue_full',
    });
  });

  it('hands a turn back once', async () => {
    const [permit] = await Promise.all([enter(), enter()]);
    permit.release('other');
    permit.release('other');
    expect(limiter.inFlight).toBe(1);
  });
});
