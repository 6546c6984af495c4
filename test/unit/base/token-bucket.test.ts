import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from '../../../src/base/token-bucket.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const fivePerMinute = { perSecond: 5 / 60, burst: 20 };

function taken(bucket: TokenBucket, tries: number): number {
  return Array.from({ length: tries }, () => bucket.take()).filter(Boolean).length;
}

describe('TokenBucket', () => {
  it('gives a burst at once and then no more', () => {
    expect(taken(new TokenBucket(fivePerMinute, new FakeClock()), 50)).toBe(20);
  });

  it('gives the rate in the long run', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(fivePerMinute, clock);
    taken(bucket, 20);
    let later = 0;
    for (let second = 0; second < 600; second += 1) {
      await clock.advance(1_000);
      later += taken(bucket, 1);
    }

    expect(later).toBe(50);
  });

  it('never holds more than its burst', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(fivePerMinute, clock);
    await clock.advance(86_400_000);

    expect(taken(bucket, 50)).toBe(20);
  });

  it('says how long it takes until there is a token, and has it then', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(fivePerMinute, clock);
    taken(bucket, 20);

    expect(bucket.waitMs()).toBeCloseTo(12_000);
    await clock.advance(bucket.waitMs());
    expect(bucket.take()).toBe(true);
  });

  it('may go into debt, by one burst at most', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, new FakeClock());
    for (let charges = 0; charges < 100; charges += 1) bucket.charge();

    expect(bucket.waitMs()).toBe(3_000);
  });

  it('gives tokens in the order in which they are asked for, each when it is there', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, clock);
    const got: number[] = [];
    const { signal } = new AbortController();
    for (const n of [1, 2, 3, 4]) void bucket.takeInOrder(signal).then(() => got.push(n));
    await clock.advance(0);
    expect(got).toEqual([1, 2]);
    await clock.advance(100);
    expect(got).toEqual([1, 2, 3]);
    await clock.advance(100);

    expect(got).toEqual([1, 2, 3, 4]);
  });

  it('loses the token of who gives up, so that the others keep their turns', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 1 }, clock);
    const leaving = new AbortController();
    const { signal } = new AbortController();
    await bucket.takeInOrder(signal);
    const first = bucket.takeInOrder(leaving.signal);
    const second = bucket.takeInOrder(signal);
    leaving.abort(new Error('enough'));

    await expect(first).rejects.toThrow('enough');
    await clock.advance(200);
    await expect(second).resolves.toBeUndefined();
  });

  it('adds up parts of a token', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, new FakeClock());
    bucket.take();
    for (let tenths = 0; tenths < 10; tenths += 1) bucket.refund(0.1);

    expect(bucket.take()).toBe(true);
  });

  it('takes tokens back, up to its burst', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, new FakeClock());
    for (let refunds = 0; refunds < 10; refunds += 1) bucket.refund();

    expect(taken(bucket, 10)).toBe(2);
  });
});
