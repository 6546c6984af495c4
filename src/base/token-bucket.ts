import { sleep } from './clock.ts';
import type { Clock } from './clock.ts';

/** So many at once, and so many a second in the long run. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A token bucket: it holds `burst` tokens at first and at most, and gains `perSecond` each second. */
export class TokenBucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  /** Below zero while tokens are owed. */
  #tokens: number;
  #countedAt: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#countedAt = clock.monotonic();
  }

  /** Takes a token; false, and nothing taken, where there is none. */
  take(): boolean {
    if (this.waitMs() > 0) return false;
    this.#tokens -= 1;
    return true;
  }

  /**
   * Takes a token and resolves when it is there; callers have their turns in the order in which they ask,
   * and it is for them to bound their number. Rejects with the signal's reason when it aborts first; the
   * token is then lost.
   */
  async takeInOrder(signal: AbortSignal): Promise<void> {
    const waitMs = this.waitMs();
    this.#tokens -= 1;
    if (waitMs > 0) await sleep(this.#clock, waitMs, signal);
    else signal.throwIfAborted();
  }

  /** Takes a token also where there is none; the debt is bounded by one burst. */
  charge(): void {
    this.#tokens = Math.max(-this.#rate.burst, this.#current() - 1);
  }

  /** Puts tokens in, or a part of one. */
  refund(tokens = 1): void {
    this.#tokens = Math.min(this.#rate.burst, this.#current() + tokens);
  }

  /** Whole milliseconds until there is a token, if nobody takes one; 0 where there is one now. */
  waitMs(): number {
    const missing = 1 - this.#current();
    // Rounding must not keep a token back for ever.
    return missing < 1e-6 ? 0 : Math.ceil((missing / this.#rate.perSecond) * 1_000);
  }

  #current(): number {
    const now = this.#clock.monotonic();
    const gained = ((now - this.#countedAt) / 1_000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained);
    this.#countedAt = now;
    return this.#tokens;
  }
}
