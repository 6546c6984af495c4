import { fullJitterMs } from '../base/backoff.ts';
import type { Random } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { RaError } from '../base/ra-error.ts';
import { isTransient, isUnreachable, KubeApiError } from '../kube/api-error.ts';

const backoff = { firstMs: 100, maxMs: 1_000 };
const longestRetryAfterMs = 5_000;

export interface ApiAttemptsOptions {
  readonly clock: Clock;
  readonly random: Random;
}

/** Calls the Kubernetes API within bounds: a time per attempt, few attempts, jitter between them. */
export class ApiAttempts {
  readonly #options: ApiAttemptsOptions;

  constructor(options: ApiAttemptsOptions) {
    this.#options = options;
  }

  /**
   * Runs `call` until it answers, at most `tries` times, `timeoutMs` each. Only transient errors are
   * tried again, so `call` must be safe to repeat. A connection that is refused or reset counts as no
   * try: an API server that restarts is waited for until `signal` ends it. Throws what the last
   * attempt threw.
   */
  async run<T>(
    bounds: { readonly tries: number; readonly timeoutMs: number },
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { clock, random } = this.#options;
    let tries = 0;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(bounds.timeoutMs, call, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isUnreachable(error)) tries += 1;
        if (!isTransient(error) || tries >= bounds.tries) throw error;
        const asked = error instanceof KubeApiError ? (error.retryAfterMs ?? 0) : 0;
        const wait = Math.min(asked, longestRetryAfterMs) + fullJitterMs(attempt, backoff, random);
        await sleep(clock, wait, signal);
      }
    }
  }

  #once<T>(
    timeoutMs: number,
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { clock } = this.#options;
    return withDeadline({ clock, ms: timeoutMs, parent: signal, reason: timedOut }, call);
  }
}

function timedOut(): KubeApiError {
  return new KubeApiError('the Kubernetes API did not answer in time', {
    status: undefined,
    reason: 'TimedOut',
    verb: '',
    resource: 'certificatesigningrequests',
  });
}

/** A Kubernetes error as what it means for the caller's request; anything else unchanged. */
export function asRaError(error: unknown, step: 'create' | 'approve' | 'read'): unknown {
  if (!(error instanceof KubeApiError)) return error;
  const reason = `${step}_${error.status ?? error.reason.toLowerCase()}`;
  // 400 and 422 speak about what we sent; the same bytes would be refused again.
  const refused = error.status === 400 || error.status === 422;
  const code = refused ? 'KUBERNETES_REFUSED' : 'KUBERNETES_UNAVAILABLE';
  return new RaError(code, `the Kubernetes API failed to ${step}: ${error.message}`, {
    reason,
    cause: error,
  });
}
