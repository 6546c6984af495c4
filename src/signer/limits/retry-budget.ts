import type { Clock } from '../../base/clock.ts';

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
  readonly #clock: Clock;
  readonly #share: number;
  readonly #burst: number;
  #left: number;
  #countedAt: number;
  #refused = 0;

  constructor({ clock, share = 0.1, burst = 32 }: RetryBudgetOptions) {
    this.#clock = clock;
    this.#share = share;
    this.#burst = burst;
    this.#left = burst;
    this.#countedAt = clock.monotonic();
  }

  /** How many retries were not made. */
  get refused(): number {
    return this.#refused;
  }

  get isSpent(): boolean {
    this.#refill();
    return this.#left < 1;
  }

  /** To be called once for each call that is not a retry. */
  called(): void {
    this.#add(this.#share);
  }

  /** Whether a retry may be made; it counts as made then. */
  spend(): boolean {
    if (this.isSpent) {
      this.#refused += 1;
      return false;
    }
    this.#left -= 1;
    return true;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#add(((now - this.#countedAt) / 1000) * perSecond);
    this.#countedAt = now;
  }

  #add(retries: number): void {
    this.#left = Math.min(this.#burst, this.#left + retries);
  }
}
