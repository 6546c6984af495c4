import { fullJitterMs } from '../../base/backoff.ts';
import type { Random } from '../../base/backoff.ts';
import { sleep } from '../../base/clock.ts';
import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { RaError } from '../../base/ra-error.ts';
import { isForbidden, isTransient, isUnreachable, KubeApiError } from '../../kube/api-error.ts';
import type { RetryBudget } from './retry-budget.ts';

const backoff = { firstMs: 100, maxMs: 1_000 };
const maxRetryAfterMs = 5_000;
/** Added to each wait for a connection while the retries are spent. */
const pacedMs = 1_000;

export interface ApiAttemptsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Bounds the retries of all calls together; without one each call has its own bounds alone. */
  readonly retries?: RetryBudget;
  /** Which resource the calls are about, for errors. */
  readonly resource?: string;
}

/** Calls the Kubernetes API within bounds: a time per attempt, few attempts, jitter between them. */
export class ApiAttempts {
  readonly #options: ApiAttemptsOptions;
  #underWay = 0;

  constructor(options: ApiAttemptsOptions) {
    this.#options = options;
  }

  /** How many calls are waited for now. */
  get underWay(): number {
    return this.#underWay;
  }

  /**
   * Runs `call` until it answers, at most `tries` times, `timeoutMs` each. Only transient errors are
   * tried again, so `call` must be safe to repeat. A connection that is refused or reset counts as no
   * try: an API server that restarts is waited for until `signal` ends it. When the budget for retries
   * is spent there are none, and those waits are longer. Throws what the last attempt threw.
   */
  async run<T>(
    bounds: { readonly tries: number; readonly timeoutMs: number },
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { clock, retries } = this.#options;
    retries?.called();
    let tries = 0;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(bounds.timeoutMs, call, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isUnreachable(error)) tries += 1;
        if (!isTransient(error) || tries >= bounds.tries) throw error;
        await sleep(clock, this.#waitAfter(error, attempt), signal);
      }
    }
  }

  /** Milliseconds until the next attempt. Throws the error where there must not be one. */
  #waitAfter(error: unknown, attempt: number): number {
    const { random, retries } = this.#options;
    const asked = error instanceof KubeApiError ? (error.retryAfterMs ?? 0) : 0;
    const wait = Math.min(asked, maxRetryAfterMs) + fullJitterMs(attempt, backoff, random);
    // Where nobody listens a retry burdens nobody: it costs nothing of the budget.
    if (isUnreachable(error)) return retries?.isSpent === true ? wait + pacedMs : wait;
    if (retries?.spend() === false) throw error;
    return wait;
  }

  async #once<T>(
    timeoutMs: number,
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { clock, resource = '' } = this.#options;
    this.#underWay += 1;
    try {
      const reason = (): KubeApiError => timedOut(resource);
      const limits = { clock, ms: timeoutMs, parent: signal, reason };
      return await withDeadline(limits, call);
    } finally {
      this.#underWay -= 1;
    }
  }
}

function timedOut(resource: string): KubeApiError {
  return new KubeApiError('the Kubernetes API did not answer in time', {
    status: undefined,
    reason: 'TimedOut',
    verb: '',
    resource,
  });
}

/** A Kubernetes error as what it means for the caller's request; anything else unchanged. */
export function asRaError(error: unknown, step: 'create' | 'approve' | 'read'): unknown {
  if (!(error instanceof KubeApiError)) return error;
  if (isForbidden(error)) {
    // Agents do not come back at once with this one: only whoever grants the right can help.
    return new RaError('KUBERNETES_FORBIDDEN', `we may not ${step}: ${error.message}`, {
      reason: `${step}_forbidden`,
      cause: error,
    });
  }
  const reason = `${step}_${error.status ?? error.reason.toLowerCase()}`;
  // 400 and 422 speak about what we sent; the same bytes would be refused again.
  const refused = error.status === 400 || error.status === 422;
  const code = refused ? 'KUBERNETES_REFUSED' : 'KUBERNETES_UNAVAILABLE';
  return new RaError(code, `the Kubernetes API failed to ${step}: ${error.message}`, {
    reason,
    cause: error,
  });
}
