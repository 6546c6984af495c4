import { describe, expect, it } from '@jest/globals';
import { agentGracePeriod, renewalTime } from '../../../../src/cli/request/renewal-time.ts';

const day = { obtainedAt: 0, notAfter: 86_400_000 };

describe('renewalTime', () => {
  it('is half a lifetime after the certificate came, as istio-agent has it', () => {
    expect(renewalTime(day, agentGracePeriod, () => 0.5)).toBe(43_200_000);
  });

  it.each([
    [0, 44_064_000],
    [1, 42_336_000],
  ])('moves by a hundredth of the lifetime at most (random %d)', (random, expected) => {
    expect(renewalTime(day, agentGracePeriod, () => random)).toBeCloseTo(expected, 3);
  });

  it.each([
    ['before the certificate came', { ratio: 1, jitter: 0.5 }, 0],
    ['after the certificate has ended', { ratio: 0, jitter: 0.5 }, 86_400_000],
  ])('is never %s', (_what, gracePeriod, expected) => {
    const times = [0, 1].map((random) => renewalTime(day, gracePeriod, () => random));
    expect(times).toContain(expected);
  });

  it('is at once for a certificate that has ended already', () => {
    expect(renewalTime({ obtainedAt: 10, notAfter: 4 }, agentGracePeriod, () => 0)).toBe(10);
  });
});
