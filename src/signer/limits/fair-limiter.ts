import type { Clock } from '../../base/clock.ts';
import { FairQueue } from '../../base/fair-queue.ts';
import type { Waiting } from '../../base/fair-queue.ts';
import { RaError } from '../../base/ra-error.ts';
import { GradientConcurrencyLimit } from './gradient-concurrency-limit.ts';
import type { GradientBounds } from './gradient-concurrency-limit.ts';

export interface FairLimiterBounds extends GradientBounds {
  /** How many may wait for a permit. */
  readonly maxQueued: number;
}

export const defaultFairLimiterBounds: FairLimiterBounds = {
  min: 4,
  firstNeed: 8,
  max: 64,
  maxQueued: 1_024,
  maxQueueMs: 4_000,
};

interface Waiter {
  readonly start: () => void;
  readonly turnAway: () => void;
}

/** Permission for one request to be with the signer. */
export interface LimiterPermit {
  /**
   * Hands the permit on. `issued` and `stalled` say how fast the signer is; only the first call counts.
   */
  release(end: 'issued' | 'stalled' | 'other'): void;
}

/**
 * Lets as many requests to a signer at a time as keep it busy, and few more: the order in which a signer
 * works on what several tenants sent is not ours to choose. Requests that wait here are let in namespace
 * by namespace, round robin, and within a namespace in the order in which they came.
 */
export class FairLimiter {
  readonly #clock: Clock;
  readonly #gradient: GradientConcurrencyLimit;
  readonly #queue: FairQueue<Waiter>;
  #inside = 0;

  /** `beyondNeed`: see `GradientConcurrencyLimit`. */
  constructor(clock: Clock, limits: FairLimiterBounds, beyondNeed: () => number) {
    this.#clock = clock;
    this.#gradient = new GradientConcurrencyLimit(clock, limits, beyondNeed);
    this.#queue = new FairQueue({ maxCost: limits.maxQueued });
  }

  get limit(): number {
    return this.#gradient.limit;
  }

  get inFlight(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Resolves with a permit. Throws OVERLOADED when too many wait; on abort the signal's reason. */
  async acquire(namespace: string, signal: AbortSignal): Promise<LimiterPermit> {
    signal.throwIfAborted();
    if (this.#inside >= this.limit || this.#queue.size > 0) await this.#wait(namespace, signal);
    else this.#inside += 1;
    const enteredAt = this.#clock.monotonic();
    let left = false;
    return {
      release: (end) => {
        if (left) return;
        left = true;
        this.#learn(end, this.#clock.monotonic() - enteredAt);
        this.#inside -= 1;
        this.#admitNext();
      },
    };
  }

  #wait(namespace: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#queue.leave(entry);
        reject(signal.reason as Error);
      };
      const item: Waiter = {
        start: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
        turnAway: () => {
          signal.removeEventListener('abort', onAbort);
          reject(queueFull());
        },
      };
      const entry: Waiting<Waiter> = { key: namespace, item, cost: 1 };
      signal.addEventListener('abort', onAbort, { once: true });
      for (const displaced of this.#queue.join(entry)) displaced.item.turnAway();
    });
  }

  #admitNext(): void {
    while (this.#inside < this.limit) {
      const next = this.#queue.next();
      if (next === undefined) return;
      this.#inside += 1;
      next.item.start();
    }
  }

  #learn(end: 'issued' | 'stalled' | 'other', tookMs: number): void {
    if (end === 'stalled') this.#gradient.stalled();
    if (end === 'issued') this.#gradient.answered(tookMs, { wasFull: this.#inside >= this.limit });
  }
}

function queueFull(): RaError {
  return new RaError('OVERLOADED', 'too many requests wait for the signer', {
    reason: 'signer_queue_full',
  });
}
