import { describe, expect, it } from '@jest/globals';
import { ApiAttempts } from '../../../src/signer/limits/api-attempts.ts';
import { DeletionQueue } from '../../../src/signer/cleanup/deletion-queue.ts';
import type { Disturbance } from '../../support/fake-signing-requests.ts';
import { apiError, FakeSigningRequests } from '../../support/fake-signing-requests.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { aCsrBackend } from './signer-bench.ts';

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

describe('DeletionQueue', () => {
  const disturbances: readonly [string, readonly Disturbance[]][] = [
    ['nothing listens for half a minute', away(40)],
    ['an API server that has just started does not know our rights yet', forbidden(5)],
    ['both, one after the other', [...away(40), ...forbidden(5)]],
  ];

  it.each(disturbances)('leaves no object behind when %s', async (_, script) => {
    const clock = new FakeClock();
    const requests = new FakeSigningRequests();
    const { name, uid } = await requests.create(draft, new AbortController().signal);
    const attempts = attemptsOn(clock);
    const log = new RecordingLogger();
    const backend = aCsrBackend({ requests, clock, log });
    const deletions = new DeletionQueue({ backend, attempts, clock, log });
    requests.disturb('remove', ...script);
    deletions.add({ name, uid });
    await clock.advance(60_000);
    expect(requests.objects.size).toBe(0);
  });

  it('looks an object up again that it was not allowed to read at first', async () => {
    const clock = new FakeClock();
    const requests = new FakeSigningRequests();
    const { name } = await requests.create(draft, new AbortController().signal);
    const attempts = attemptsOn(clock);
    const log = new RecordingLogger();
    const backend = aCsrBackend({ requests, clock, log });
    const deletions = new DeletionQueue({ backend, attempts, clock, log });
    requests.disturb('read', ...forbidden(5));
    deletions.add({ name, requestId: 'r1' });
    await clock.advance(60_000);
    expect(requests.objects.size).toBe(0);
  });
});

function away(calls: number): readonly Disturbance[] {
  return Array.from({ length: calls }, () => ({ kind: 'fails', error: refused }));
}

function forbidden(calls: number): readonly Disturbance[] {
  return Array.from({ length: calls }, () => ({
    kind: 'fails',
    error: apiError(403, 'Forbidden'),
  }));
}

const draft = {
  name: 'ra-1',
  labels: {},
  annotations: { 'istio-ra/request-id': 'r1' },
  signerName: 'clusterissuers.cert-manager.io/foo',
  requestPem: 'PEM',
  usages: [],
  expirationSeconds: 3600,
};
