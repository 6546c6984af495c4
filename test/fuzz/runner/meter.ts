import { createHistogram } from 'node:perf_hooks';

/** A case that takes more CPU than this is a finding. */
export const maxCpuMs = 50;
const reruns = 3;

/** What a piece of work came to: its result, or what it threw. */
export type Outcome<T> =
  | { readonly kind: 'returned'; readonly value: T }
  | { readonly kind: 'threw'; readonly error: unknown };

export interface Measured<T> {
  readonly outcome: Outcome<T>;
  /** Milliseconds of CPU, where every run of the case took too much. */
  readonly tooSlowMs: number | undefined;
}

/** Runs cases and keeps the time that they take. The work must do the same each time. */
export class Meter {
  readonly #times = createHistogram();
  readonly #maxMs: number;
  #slowestMs = 0;
  #slowestName = 'none';

  constructor(maxMs = maxCpuMs) {
    this.#maxMs = maxMs;
  }

  measure<T>(name: () => string, work: () => T): Measured<T> {
    const start = performance.now();
    const outcome = outcomeOf(work);
    const wallMs = performance.now() - start;
    this.#times.record(Math.max(1, Math.round(wallMs * 1e6)));
    if (wallMs <= Math.min(this.#slowestMs, this.#maxMs)) return { outcome, tooSlowMs: undefined };
    // Seldom: collection, compilation and the neighbours must not pass for the case's own time.
    const cpuMs = Math.min(wallMs, ...Array.from({ length: reruns }, () => cpuMsOf(work)));
    if (cpuMs > this.#slowestMs) {
      this.#slowestMs = cpuMs;
      this.#slowestName = name();
    }
    return { outcome, tooSlowMs: cpuMs > this.#maxMs ? cpuMs : undefined };
  }

  /** For people: how long the usual, the unusual and the slowest case took. */
  describe(): string {
    const ms = (percentile: number): string =>
      (this.#times.percentile(percentile) / 1e6).toFixed(2);
    const slowest = `${this.#slowestMs.toFixed(2)} ms (${this.#slowestName})`;
    return `by the clock half within ${ms(50)} ms, 99 % within ${ms(99)} ms; of CPU at most ${slowest}`;
  }
}

function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { kind: 'returned', value: work() };
  } catch (error) {
    return { kind: 'threw', error };
  }
}

function cpuMsOf(work: () => unknown): number {
  const before = process.cpuUsage();
  outcomeOf(work);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
