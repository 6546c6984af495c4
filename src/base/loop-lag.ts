import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, Timer } from './clock.ts';
import type { ReadinessCheck, Stoppable } from './lifecycle.ts';

/** What is read of node:perf_hooks' histogram; nanoseconds. */
export interface DelayHistogram {
  readonly max: number;
  percentile(percentile: number): number;
  reset(): void;
  enable(): boolean;
  disable(): boolean;
}

export interface LoopLagOptions {
  readonly clock: Clock;
  /** Of the delays between two samples that are `sampleMs` apart; Node's own where absent. */
  readonly histogram?: DelayHistogram;
}

interface Window {
  /** Monotonic milliseconds. */
  readonly from: number;
  readonly until: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const windowMs = 1_000;
/** A minute, when the loop turns. */
const maxWindows = 60;
const sampleMs = 10;
const nsPerMs = 1e6;

/**
 * How much later than due the event loop comes to its work, in windows of a second. A loop that lags
 * answers late whatever it is asked: the sign of overload that needs no figure for what we can bear.
 */
export class LoopLag implements Stoppable {
  readonly #clock: Clock;
  readonly #histogram: DelayHistogram;
  /** Newest last. */
  #windows: readonly Window[] = [];
  #timer: Timer | undefined;
  #from = 0;

  constructor({ clock, histogram }: LoopLagOptions) {
    this.#clock = clock;
    this.#histogram = histogram ?? monitorEventLoopDelay({ resolution: sampleMs });
  }

  /** Begins to measure; a second call does nothing. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#histogram.enable();
    this.#schedule();
  }

  stop(): Promise<void> {
    this.#timer?.cancel();
    this.#histogram.disable();
    return Promise.resolve();
  }

  /** Of the last whole second, in milliseconds; 0 before there was one. */
  get p99Ms(): number {
    return this.#windows.at(-1)?.p99Ms ?? 0;
  }

  /** The longest of the last minute, in milliseconds. */
  get maxMs(): number {
    return Math.max(0, ...this.#windows.map(({ maxMs }) => maxMs));
  }

  /** Whether the lag was above `lagMs` all through the last `forMs`, up to now. */
  wasAbove(lagMs: number, forMs: number): boolean {
    const calm = this.#windows.findLast(({ p99Ms }) => p99Ms <= lagMs);
    const since = calm?.until ?? this.#windows[0]?.from;
    const until = this.#windows.at(-1)?.until;
    return since !== undefined && until !== undefined && until - since >= forMs;
  }

  /** For /healthz: does not hold while the loop lagged for so long that a new process is better. */
  check(lagMs: number, forMs: number): ReadinessCheck {
    return {
      name: 'event-loop',
      notReadyBecause: () =>
        this.wasAbove(lagMs, forMs)
          ? `the event loop has lagged by more than ${lagMs} ms for ${forMs} ms`
          : undefined,
    };
  }

  #schedule(): void {
    this.#from = this.#clock.monotonic();
    this.#histogram.reset();
    this.#timer = this.#clock.timer(windowMs, () => {
      this.#close();
      this.#schedule();
    });
  }

  #close(): void {
    const window: Window = {
      from: this.#from,
      until: this.#clock.monotonic(),
      p99Ms: lagOf(this.#histogram.percentile(99)),
      maxMs: lagOf(this.#histogram.max),
    };
    this.#windows = [...this.#windows, window].slice(-maxWindows);
  }
}

/** A sample is the whole time since the one before. Without samples the histogram says NaN or 0. */
function lagOf(delayNs: number): number {
  return Math.max(0, delayNs / nsPerMs - sampleMs) || 0;
}
