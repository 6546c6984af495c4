import type { Random } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Stoppable } from './lifecycle.ts';
import type { Logger } from './logger.ts';

/** What nearly every part of the process is started with. */
export interface StartContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where each part that was started enters its stop. */
  readonly started: StartStack;
}

/**
 * What was started, to be stopped in reverse order. A stop that fails does not keep the others from
 * being tried; the first failure is thrown when all were.
 */
export class StartStack implements Stoppable {
  readonly #stops: (() => Promise<void> | void)[] = [];
  #stopping: Promise<void> | undefined;

  /** Adds how to stop what has just been started. */
  defer(stop: () => Promise<void> | void): void {
    this.#stops.push(stop);
  }

  /** Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
