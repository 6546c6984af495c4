import { fullJitterMs } from '../base/backoff.ts';
import type { Random } from '../base/backoff.ts';
import { BackgroundLoop } from '../base/background-loop.ts';
import type { Clock } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';

export interface RenewalLoopOptions {
  /** Whether there is something to do; asked every few seconds. */
  readonly isDue: () => boolean;
  /** Does it. What it awaits heeds the signal and has a bound. */
  readonly renew: (signal: AbortSignal) => Promise<void>;
  /** Told of each failure, and of how long until the next try. */
  readonly onFailure: (error: unknown, retryInMs: number) => void;
  readonly clock: Clock;
  readonly random: Random;
}

/** The mesh config is asked, not listened to; it costs a look at memory. */
const lookMs = 5_000;
/** Also with the smallest of jitters a failure is not followed by the next at once. */
const minPauseMs = 1_000;
const backoff = { firstMs: 1_000, maxMs: 299_000 };

/**
 * Does something whenever it is due, one at a time, as long as it takes: failures are tried again
 * after a second at first and five minutes at last. Never throws, never gives up until stopped.
 */
export class RenewalLoop implements Stoppable {
  readonly #options: RenewalLoopOptions;
  readonly #loop: BackgroundLoop;
  #failures = 0;

  constructor(options: RenewalLoopOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop({
      turn: (signal) => this.#turn(signal),
      stopReason: 'renewal was stopped',
      clock: options.clock,
    });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const { isDue, renew, onFailure, random } = this.#options;
    try {
      if (isDue()) await renew(signal);
      this.#failures = 0;
      return lookMs;
    } catch (error) {
      if (signal.aborted) return 0;
      const pauseMs = minPauseMs + fullJitterMs(this.#failures, backoff, random);
      this.#failures += 1;
      onFailure(error, pauseMs);
      return pauseMs;
    }
  }
}
