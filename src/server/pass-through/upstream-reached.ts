import { sleep } from '../../base/clock.ts';
import type { Clock } from '../../base/clock.ts';
import type { ReadinessCheck, Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';

export interface UpstreamReachedOptions {
  readonly host: string;
  /** One attempt to connect; rejects where it fails. */
  readonly reach: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

const againMs = 1_000;
/** An istiod that is away must not keep certificates away for longer than that. */
const maxWaitMs = 30_000;

/**
 * Holds once the istiod behind us has been reached, so that a Service leads no client here whose calls could not
 * be passed on. Where istiod is away it holds after 30 seconds: certificates do not need it. It never ceases to
 * hold.
 */
export class UpstreamReached implements ReadinessCheck, Stoppable {
  readonly name = 'istiod-reached';
  readonly #options: UpstreamReachedOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #isOver = false;
  #lastError: unknown;

  constructor(options: UpstreamReachedOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#try();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the process is stopping'));
    await this.#running;
  }

  notReadyBecause(): string | undefined {
    if (this.#isOver) return undefined;
    const { cause } = this.#lastError instanceof Error ? this.#lastError : {};
    const told = cause instanceof Error ? `: ${cause.message}` : '';
    return `istiod has not been reached yet at ${this.#options.host}${told}`;
  }

  async #try(): Promise<void> {
    const { host, reach, clock, log } = this.#options;
    const until = clock.monotonic() + maxWaitMs;
    while (!this.#stopping.signal.aborted) {
      try {
        await reach();
        this.#isOver = true;
        return;
      } catch (error) {
        this.#lastError = error;
      }
      if (clock.monotonic() >= until) {
        this.#isOver = true;
        log.error('istiod was not reached: certificates are served, and nothing is passed on', {
          host,
          error: this.#lastError,
        });
        return;
      }
      await sleep(clock, againMs, this.#stopping.signal).catch(() => undefined);
    }
  }
}
