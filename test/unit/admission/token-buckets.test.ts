import { describe, expect, it } from '@jest/globals';
import { TokenBuckets } from '../../../src/admission/token-buckets.ts';
import type { TokenBucket } from '../../../src/base/token-bucket.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const fivePerMinute = { perSecond: 5 / 60, burst: 20 };

function taken(bucket: TokenBucket, tries: number): number {
  return Array.from({ length: tries }, () => bucket.take()).filter(Boolean).length;
}

describe('TokenBuckets', () => {
  it('count each key by itself', () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets({ rate: fivePerMinute, clock, maxKeys: 10 });

    expect(taken(buckets.of('a'), 30)).toBe(20);
    expect(taken(buckets.of('a'), 30)).toBe(0);
    expect(taken(buckets.of('b'), 30)).toBe(20);
  });

  it('forget the key that was used longest ago', () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets({ rate: fivePerMinute, clock, maxKeys: 2 });
    buckets.of('a');
    buckets.of('b');
    buckets.of('a');
    buckets.of('c');

    expect(buckets.size).toBe(2);
    expect(buckets.known('b')).toBeUndefined();
    expect(buckets.known('a')).toBeDefined();
  });
});
