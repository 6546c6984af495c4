import { Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Clock, Timer } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';

const everyMs = 100;
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * Measures ten times a second how much later than asked for a timer fires: for so long nothing else
 * was served either. A histogram, so that two who scrape do not take each other's numbers away.
 */
export class EventLoopLag implements Stoppable {
  readonly #clock: Clock;
  readonly #lag: Histogram;
  #timer: Timer | undefined;

  constructor(registry: Registry, clock: Clock) {
    this.#clock = clock;
    this.#lag = new Histogram({
      name: 'istio_ra_event_loop_lag_seconds',
      help: 'How much later than asked for timers fire.',
      buckets,
      registers: [registry],
    });
  }

  /** Begins; a second call does nothing. */
  start(): void {
    if (this.#timer === undefined) this.#schedule();
  }

  stop(): Promise<void> {
    this.#timer?.cancel();
    return Promise.resolve();
  }

  #schedule(): void {
    const dueAt = this.#clock.monotonic() + everyMs;
    this.#timer = this.#clock.timer(everyMs, () => {
      this.#lag.observe(Math.max(0, this.#clock.monotonic() - dueAt) / 1000);
      this.#schedule();
    });
  }
}
