import { describe, expect, it } from '@jest/globals';
import { admitLifetime } from '../../../src/ra/lifetime.ts';

const policy = { defaultTtlSeconds: 86_400, maxTtlSeconds: 7_776_000 };

describe('admitLifetime', () => {
  it.each([
    [0n, 86_400],
    [-1n, 86_400],
    [-(2n ** 63n), 86_400],
    [600n, 600],
    [86_400n, 86_400],
    [7_776_000n, 7_776_000],
  ])('gives for %d s', (asked, given) => {
    expect(admitLifetime(asked, policy)).toBe(given);
  });

  it.each([
    [1n, 'ttl_too_short'],
    [60n, 'ttl_too_short'],
    [599n, 'ttl_too_short'],
    [7_776_001n, 'ttl_too_long'],
    // In Go this many seconds wrap around to 0.29 s as a duration.
    [18_446_744_074n, 'ttl_too_long'],
    [2n ** 63n - 1n, 'ttl_too_long'],
  ])('refuses %d s', (asked, reason) => {
    expect(() => admitLifetime(asked, policy)).toThrow(
      expect.objectContaining({ code: 'TTL_REJECTED', reason }),
    );
  });
});
