import { describe, expect, it } from '@jest/globals';
import { ApiAttempts } from '../../../../src/signer/limits/api-attempts.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-signing-requests.ts';

const bounds = { tries: 3, timeoutMs: 5_000 };
const refused = apiError(undefined, 'ConnectionFailed');

function attemptsOn(clock: FakeClock): ApiAttempts {
  return new ApiAttempts({ clock, random: () => 1 });
}

/** Nothing listens until a moment of the clock. */
function awayUntil(clock: FakeClock, moment: number): () => Promise<string> {
  return () => (clock.monotonic() < moment ? Promise.reject(refused) : Promise.resolve('answer'));
}

describe('an API server that is away', () => {
  it('is waited for beyond the number of tries', async () => {
    const clock = new FakeClock();
    const call = awayUntil(clock, clock.monotonic() + 20_000);
    const result = attemptsOn(clock).run(bounds, call, new AbortController().signal);
    await clock.advance(22_000);
    await expect(result).resolves.toBe('answer');
  });

  it("is not waited for beyond the caller's own end", async () => {
    const clock = new FakeClock();
    const ended = new AbortController();
    const call = awayUntil(clock, Number.POSITIVE_INFINITY);
    const result = attemptsOn(clock).run(bounds, call, ended.signal);
    await clock.advance(20_000);
    ended.abort(new Error('the budget is over'));
    await expect(result).rejects.toThrow('the budget is over');
    expect(clock.pendingTimers).toBe(0);
  });

  it('is given up on after the tries when it answers with errors', async () => {
    const clock = new FakeClock();
    const signal = new AbortController().signal;
    let calls = 0;
    const result = attemptsOn(clock).run(
      bounds,
      () => {
        calls += 1;
        return Promise.reject(apiError(503));
      },
      signal,
    );
    const error = result.catch((thrown: unknown) => thrown);
    await clock.advance(10_000);
    await expect(error).resolves.toMatchObject({ status: 503 });
    expect(calls).toBe(bounds.tries);
  });
});
