import { describe, expect, it } from '@jest/globals';
import { ApiAttempts } from '../../../../src/signer/limits/api-attempts.ts';
import { RetryBudget } from '../../../../src/signer/limits/retry-budget.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-signing-requests.ts';

const forever = new AbortController().signal;
const bounds = { tries: 3, timeoutMs: 5_000 };

describe('the retry budget', () => {
  it('allows a burst, then a tenth of the calls', async () => {
    const clock = new FakeClock();
    const retries = new RetryBudget({ clock, burst: 10 });
    const attempts = new ApiAttempts({ clock, random: () => 0, retries });
    let calls = 0;
    const failing = (): Promise<never> => {
      calls += 1;
      return Promise.reject(apiError(503));
    };
    for (let request = 0; request < 100; request += 1) {
      const result = attempts.run(bounds, failing, forever).catch(() => undefined);
      await clock.advance(0);
      await result;
    }
    expect(calls - 100).toBeGreaterThanOrEqual(18);
    expect(calls - 100).toBeLessThanOrEqual(20);
    expect(retries.refused).toBeGreaterThan(0);
  });

  it('comes back with time', async () => {
    const clock = new FakeClock();
    const retries = new RetryBudget({ clock, burst: 1 });
    expect([retries.spend(), retries.spend()]).toEqual([true, false]);
    await clock.advance(2_000);
    expect(retries.spend()).toBe(true);
  });

  it('does not end the wait for an API server that is away, but paces it', async () => {
    const clock = new FakeClock();
    const retries = new RetryBudget({ clock, burst: 0 });
    const attempts = new ApiAttempts({ clock, random: () => 1, retries });
    let calls = 0;
    const away = (): Promise<string> => {
      calls += 1;
      const refused = apiError(undefined, 'ConnectionFailed');
      return calls < 6 ? Promise.reject(refused) : Promise.resolve('answer');
    };
    const result = attempts.run(bounds, away, forever);
    await clock.advance(5_000);
    expect(calls).toBeLessThan(6);
    await clock.advance(10_000);
    await expect(result).resolves.toBe('answer');
  });
});
