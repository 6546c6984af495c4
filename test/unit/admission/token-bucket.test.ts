import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from '../../../src/admission/token-bucket.ts';
import { TokenBuckets } from '../../../src/admission/token-buckets.ts';
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

  it('takes tokens back, up to its burst', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, new FakeClock());
    for (let refunds = 0; refunds < 10; refunds += 1) bucket.refund();

    expect(taken(bucket, 10)).toBe(2);
  });
});

describe('TokenBuckets', () => {
  it('count each key by itself', () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets({ rate: fivePerMinute, clock, mostKeys: 10 });

    expect(taken(buckets.of('a'), 30)).toBe(20);
    expect(taken(buckets.of('a'), 30)).toBe(0);
    expect(taken(buckets.of('b'), 30)).toBe(20);
  });

  it('forget the key that was used longest ago', () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets({ rate: fivePerMinute, clock, mostKeys: 2 });
    buckets.of('a');
    buckets.of('b');
    buckets.of('a');
    buckets.of('c');

    expect(buckets.size).toBe(2);
    expect(buckets.known('b')).toBeUndefined();
    expect(buckets.known('a')).toBeDefined();
  });
});
