import type { Clock } from '../base/clock.ts';
import { RaError } from '../base/ra-error.ts';

export interface GateLimits {
  readonly least: number;
  readonly first: number;
  readonly most: number;
  /** How many may wait for their turn. */
  readonly mostQueued: number;
  /** How long a request may lie with the signer before there are too many of them, milliseconds. */
  readonly targetMs: number;
}

export const defaultGateLimits: GateLimits = {
  least: 4,
  first: 16,
  most: 64,
  mostQueued: 1_024,
  targetMs: 4_000,
};

interface Waiter {
  readonly start: () => void;
}

/** One request's place with the signer. */
export interface GateTurn {
  /** Hands the place on. `issued` and `silent` tell of the signer's pace; only the first counts. */
  leave(end: 'issued' | 'silent' | 'other'): void;
}

/**
 * Lets as many requests to a signer at a time as it answers within the target: by Little's law that
 * is its rate times the target. A faster answer makes room for more (twice as many a round while it
 * is much faster), a slower one for fewer. The others wait in the order in which they came.
 */
export class SignerGate {
  readonly #clock: Clock;
  readonly #limits: GateLimits;
  readonly #queue = new Set<Waiter>();
  #limit: number;
  #inside = 0;
  #shrunkAt = -Infinity;

  constructor(clock: Clock, limits: GateLimits = defaultGateLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#limit = limits.first;
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get inFlight(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Resolves when it is the caller's turn. Throws OVERLOADED at once, or the signal's reason. */
  async enter(signal: AbortSignal): Promise<GateTurn> {
    signal.throwIfAborted();
    if (this.#inside >= this.limit || this.#queue.size > 0) await this.#wait(signal);
    else this.#inside += 1;
    const enteredAt = this.#clock.monotonic();
    let left = false;
    return {
      leave: (end) => {
        if (left) return;
        left = true;
        this.#learn(end, this.#clock.monotonic() - enteredAt);
        this.#inside -= 1;
        this.#admitNext();
      },
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#queue.size >= this.#limits.mostQueued) {
      throw new RaError('OVERLOADED', 'too many requests wait for the signer', {
        reason: 'signer_queue_full',
      });
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#queue.delete(waiter);
        reject(signal.reason as Error);
      };
      const waiter = {
        start: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.add(waiter);
    });
  }

  #admitNext(): void {
    for (const waiter of this.#queue) {
      if (this.#inside >= this.limit) return;
      this.#queue.delete(waiter);
      this.#inside += 1;
      waiter.start();
    }
  }

  #learn(end: 'issued' | 'silent' | 'other', tookMs: number): void {
    const { targetMs, most } = this.#limits;
    if (end === 'other') return;
    if (end === 'silent') this.#shrink(0.5);
    else if (tookMs > targetMs) this.#shrink(Math.max(0.5, targetMs / tookMs));
    else if (this.#inside >= this.limit) {
      const step = tookMs < targetMs / 4 ? 1 : 1 / this.#limit;
      this.#limit = Math.min(most, this.#limit + step);
    }
  }

  /** Once a target: those that are inside now were let in by the old limit. */
  #shrink(factor: number): void {
    const now = this.#clock.monotonic();
    if (now - this.#shrunkAt < this.#limits.targetMs) return;
    this.#shrunkAt = now;
    this.#limit = Math.max(this.#limits.least, this.#limit * factor);
  }
}
