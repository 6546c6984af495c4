import { fullJitterMs } from '../base/backoff.ts';
import type { Random } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
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
const shortestPauseMs = 1_000;
const backoff = { firstMs: 1_000, maxMs: 299_000 };

/**
 * Does something whenever it is due, one at a time, as long as it takes: failures are tried again
 * after a second at first and five minutes at last. Never throws, never gives up until stopped.
 */
export class RenewalLoop implements Stoppable {
  readonly #options: RenewalLoopOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: RenewalLoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('renewal was stopped'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { isDue, renew, onFailure, clock, random } = this.#options;
    const { signal } = this.#stopping;
    const isStopped = (): boolean => signal.aborted;
    let failures = 0;
    while (!isStopped()) {
      let pauseMs = lookMs;
      try {
        if (isDue()) await renew(signal);
        failures = 0;
      } catch (error) {
        if (isStopped()) return;
        pauseMs = shortestPauseMs + fullJitterMs(failures, backoff, random);
        failures += 1;
        onFailure(error, pauseMs);
      }
      await sleep(clock, pauseMs, signal).catch(() => undefined);
    }
  }
}
