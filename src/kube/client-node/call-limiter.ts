import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { KubeApiError } from '../api-error.ts';
import type { CallName } from './answer-errors.ts';
import { CallLimit } from './call-limit.ts';
import type { CallLimitOptions } from './call-limit.ts';
import { usualPriority } from './call-priority.ts';
import type { CallPriority } from './call-priority.ts';
import { Outage } from './outage.ts';
import { WaitingCalls } from './waiting-calls.ts';
import type { CallRank, WaitingCall } from './waiting-calls.ts';

/** How a call ended; `given_up` tells nothing about the server. */
export type CallEnd =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfterMs: number | undefined;
    }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'given_up' };

/** The right to send one call; leave it once, when the call has ended. */
export interface CallPlace {
  leave(end: CallEnd): void;
}

export interface LimitedCall extends CallName {
  /** By the verb where absent. */
  readonly priority?: CallPriority | undefined;
  /** Calls of different tenants go in turn where not all can go. */
  readonly tenant?: string | undefined;
}

export interface CallLimiterOptions {
  readonly limit: CallLimitOptions;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long a call waits for a server that is away before it is told so. */
const maxAwayMs = 1_000;
const wakeMs = 60;
/** A server cannot make us keep our leftovers for longer than this at a time. */
const maxPauseMs = 30_000;

/**
 * Lets calls out to one API server, no more than it can take: within a limit that follows its
 * refusals, by priority, and slowly while it is away.
 */
export class CallLimiter {
  readonly #clock: Clock;
  readonly #limit: CallLimit;
  readonly #outage: Outage;
  readonly #waiting = new WaitingCalls();
  #inFlight = 0;
  #throttled = 0;
  #lowPausedUntil = Number.NEGATIVE_INFINITY;
  #wake: Timer | undefined;
  #closedBecause: Error | undefined;

  constructor({ limit, clock, log }: CallLimiterOptions) {
    this.#clock = clock;
    this.#limit = new CallLimit(limit);
    this.#outage = new Outage(log);
  }

  get limit(): number {
    return this.#limit.calls;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get throttled(): number {
    return this.#throttled;
  }

  get isAway(): boolean {
    return this.#outage.since !== undefined;
  }

  /**
   * Resolves when the call may be sent. Rejects with the signal's reason when it aborts first, and
   * with a `KubeApiError` where too many calls wait, or where the server has been away for a second
   * of waiting: nothing was sent then.
   */
  enter(call: LimitedCall, signal: AbortSignal): Promise<CallPlace> {
    const priority = call.priority ?? usualPriority(call);
    const over = this.#closedBecause ?? (signal.aborted ? (signal.reason as Error) : undefined);
    if (over !== undefined) return Promise.reject(over);
    const since = this.#clock.monotonic();
    if (this.#isFree(priority, since)) return Promise.resolve(this.#send());
    return new Promise((resolve, reject) => {
      const leaveLine = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#waiting.remove(waiting);
      };
      const admit = (): void => {
        leaveLine();
        resolve(this.#send());
      };
      const refuse = (error: Error): void => {
        leaveLine();
        reject(refusal(error, call));
      };
      const item = { priority, since, admit, refuse };
      const waiting: WaitingCall = { key: call.tenant ?? '', cost: 1, item };
      const onAbort = (): void => {
        leaveLine();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (this.#waiting.add(waiting)) this.#admit();
      else refuse(new NotSentError('too many calls wait already', 'TooManyWaiting'));
    });
  }

  /** Refuses all that wait and all that come; idempotent. */
  close(because: Error): void {
    this.#closedBecause ??= because;
    this.#wake?.cancel();
    for (const call of this.#waiting.since(Number.POSITIVE_INFINITY)) call.item.refuse(because);
  }

  #send(): CallPlace {
    this.#inFlight += 1;
    this.#outage.sent(this.#clock.monotonic());
    const { round } = this.#limit;
    let isOver = false;
    return {
      leave: (end) => {
        if (isOver) return;
        isOver = true;
        this.#learn(end, round);
        this.#inFlight -= 1;
        this.#admit();
      },
    };
  }

  #learn(end: CallEnd, round: number): void {
    const now = this.#clock.monotonic();
    if (end.kind === 'given_up') return;
    if (end.kind === 'unreachable') {
      this.#outage.failed('unreachable', now);
      return;
    }
    const { status, retryAfterMs = 0 } = end;
    if (status >= 500) this.#outage.failed('failing', now);
    else this.#outage.answered(now);
    if (status === 429 || status === 503) {
      this.#throttled += 1;
      this.#limit.throttled(round);
      const until = now + Math.min(retryAfterMs, maxPauseMs);
      this.#lowPausedUntil = Math.max(this.#lowPausedUntil, until);
    } else if (status < 500) {
      this.#limit.succeeded(this.#inFlight >= this.#limit.calls);
    }
  }

  /** Lets out whoever may go now, and looks again later where only time is in the way. */
  #admit(): void {
    const now = this.#clock.monotonic();
    while (!this.#outage.mustWait(now)) {
      const next = this.#waiting.next(now, (turn) => this.#mayGo(turn, now));
      if (next === undefined) break;
      next.item.admit();
    }
    this.#refuseAway(now);
    const isTimeInTheWay = this.isAway || now < this.#lowPausedUntil;
    if (isTimeInTheWay && this.#waiting.size > 0) this.#lookLater();
  }

  /** Whether a call need not wait, not even for those that came before it. */
  #isFree(priority: CallPriority, now: number): boolean {
    return this.#waiting.size === 0 && !this.#outage.mustWait(now) && this.#mayGo(priority, now);
  }

  #mayGo(turn: CallRank, now: number): boolean {
    const limit = this.#limit.calls;
    const isPaused = now < this.#lowPausedUntil;
    switch (turn) {
      case 'high':
      case 'normal':
        return this.#inFlight < limit;
      case 'late':
        return this.#inFlight < limit && !isPaused;
      case 'low':
        return this.#inFlight < limit - reservedOf(limit) && !isPaused;
    }
  }

  #refuseAway(now: number): void {
    const { since, failure } = this.#outage;
    if (since === undefined || now - since < maxAwayMs) return;
    const reason = failure === 'unreachable' ? 'ConnectionFailed' : 'ServerFailing';
    const error = new NotSentError('the Kubernetes API is away, nothing was sent', reason);
    for (const call of this.#waiting.since(now - maxAwayMs)) call.item.refuse(error);
  }

  #lookLater(): void {
    if (this.#closedBecause !== undefined) return;
    this.#wake ??= this.#clock.timer(wakeMs, () => {
      this.#wake = undefined;
      this.#admit();
    });
  }
}

/** The last quarter is not for low calls, but for a limit of one there is no quarter. */
function reservedOf(limit: number): number {
  return Math.min(Math.ceil(limit / 4), limit - 1);
}

class NotSentError extends Error {
  readonly reason: string;

  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason;
  }
}

function refusal(error: Error, { verb, resource }: CallName): Error {
  if (!(error instanceof NotSentError)) return error;
  const message = `cannot ${verb} ${resource}: ${error.message}`;
  return new KubeApiError(message, { verb, resource, status: undefined, reason: error.reason });
}
