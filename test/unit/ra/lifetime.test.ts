import { describe, expect, it } from '@jest/globals';
import { admitLifetime } from '../../../src/ra/lifetime.ts';

const policy = { defaultTtlSeconds: 86_400, maxTtlSeconds: 7_776_000 };

const noLimits = { defaultTtlSeconds: undefined, maxTtlSeconds: undefined };

describe('admitLifetime', () => {
  it.each([
    [0n, 86_400],
    [-1n, 86_400],
    [-(2n ** 63n), 86_400],
    [600n, 600],
    [86_400n, 86_400],
    [7_776_000n, 7_776_000],
  ])('gives for %d s', (asked, given) => {
    expect(admitLifetime(asked, policy, noLimits)).toBe(given);
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
    expect(() => admitLifetime(asked, policy, noLimits)).toThrow(
      expect.objectContaining({ code: 'TTL_REJECTED', reason }),
    );
  });

  it('gives less than asked where a rule or an authority allows less', () => {
    const limits = { defaultTtlSeconds: 43_200, maxTtlSeconds: 50_000 };
    expect(admitLifetime(0n, policy, limits)).toBe(43_200);
    expect(admitLifetime(86_400n, policy, limits)).toBe(50_000);
    expect(admitLifetime(3_600n, policy, limits)).toBe(3_600);
  });

  it('never asks for less than Kubernetes takes', () => {
    const limits = { defaultTtlSeconds: undefined, maxTtlSeconds: 10 };
    expect(admitLifetime(3_600n, policy, limits)).toBe(600);
  });
});
