import type { Clock } from '../../base/clock.ts';
import { TokenBucket } from '../../base/token-bucket.ts';

export interface RetryBudgetOptions {
  readonly clock: Clock;
  /** Retries for each call; a tenth where absent. */
  readonly share?: number;
  /** How many retries may be saved up; 32 where absent. */
  readonly burst?: number;
}

/** What comes back by itself, so that a process without calls is not left without retries. */
const perSecond = 0.5;

/**
 * How many retries all requests together may make: a share of the calls. An API server that is in
 * trouble is asked a tenth more often than otherwise, and not three times as often.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #left: TokenBucket;
  #refused = 0;

  constructor({ clock, share = 0.1, burst = 32 }: RetryBudgetOptions) {
    this.#share = share;
    this.#left = new TokenBucket({ perSecond, burst }, clock);
  }

  /** How many retries were not made. */
  get refused(): number {
    return this.#refused;
  }

  get isSpent(): boolean {
    return this.#left.waitMs() > 0;
  }

  /** To be called once for each call that is not a retry. */
  called(): void {
    this.#left.refund(this.#share);
  }

  /** Whether a retry may be made; it counts as made then. */
  spend(): boolean {
    const mayRetry = this.#left.take();
    if (!mayRetry) this.#refused += 1;
    return mayRetry;
  }
}
