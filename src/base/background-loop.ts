import { sleep } from './clock.ts';
import type { Clock } from './clock.ts';
import type { Stoppable } from './lifecycle.ts';

export interface BackgroundLoopOptions {
  /**
   * Does what is to be done and resolves with the milliseconds until the next turn. It must not reject, and
   * what it awaits heeds the signal.
   */
  readonly turn: (signal: AbortSignal) => Promise<number>;
  /** The message of the signal's reason when the loop is stopped. */
  readonly stopReason: string;
  readonly clock: Clock;
}

/** One turn after the other, with pauses in between, until it is stopped. */
export class BackgroundLoop implements Stoppable {
  readonly #options: BackgroundLoopOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: BackgroundLoopOptions) {
    this.#options = options;
  }

  /** From the call of `stop` on. */
  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Begins with a turn; a second call does nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Begins no further turn and resolves when the one that runs is over. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error(this.#options.stopReason));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { turn, clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const pauseMs = await turn(signal);
      await sleep(clock, pauseMs, signal).catch(() => undefined);
    }
  }
}
