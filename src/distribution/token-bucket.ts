import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';

export interface TokenBucketOptions {
  readonly clock: Clock;
  readonly perSecond: number;
  /** How many may pass at once after a pause; a whole number. */
  readonly burst: number;
}

/** Lets so many pass in a second, in the order in which they ask. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  /** When the next may pass, on the monotonic scale; in the past while there are tokens. */
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
  }

  /**
   * Resolves when it is the caller's turn. Rejects with the signal's reason when it aborts first; the
   * turn is then lost.
   */
  async take(signal: AbortSignal): Promise<void> {
    const { clock, perSecond, burst } = this.#options;
    const everyMs = 1000 / perSecond;
    const now = clock.monotonic();
    this.#nextAt = Math.max(this.#nextAt, now - (burst - 1) * everyMs);
    const waitMs = this.#nextAt - now;
    this.#nextAt += everyMs;
    if (waitMs > 0) await sleep(clock, waitMs, signal);
    else signal.throwIfAborted();
  }
}
