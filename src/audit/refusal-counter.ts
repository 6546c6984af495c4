import type { Clock, Timer } from '../base/clock.ts';
import type { RaError } from '../base/ra-error.ts';
import type { SummaryCause, SummaryLine } from './audit-line.ts';
import { boundedText } from './audit-text.ts';

export interface RefusalCounterOptions {
  readonly clock: Clock;
  readonly cause: SummaryCause;
  /** How many refusals within one second get a line of their own. */
  readonly linesPerSecond: number;
  /** Takes a summary, or returns false when there is no room for it yet. */
  readonly write: (summary: SummaryLine) => boolean;
}

/** Codes and reasons are our own words, but what counts them must be bounded all the same. */
const maxKeys = 64;
const otherKey = 'other';
const secondMs = 1000;

/** Counts refusals that get no line of their own, and sums them up once a second. */
export class RefusalCounter {
  readonly #options: RefusalCounterOptions;
  readonly #counts = new Map<string, number>();
  #second = -1;
  #linesInSecond = 0;
  #countedSince = 0;
  #timer: Timer | undefined;

  constructor(options: RefusalCounterOptions) {
    this.#options = options;
  }

  /** True when the refusal may have a line of its own; else it has been counted. */
  admits(error: RaError): boolean {
    const now = this.#options.clock.now();
    const second = Math.floor(now / secondMs);
    if (second !== this.#second) {
      this.#second = second;
      this.#linesInSecond = 0;
    }
    if (this.#linesInSecond < this.#options.linesPerSecond) {
      this.#linesInSecond += 1;
      return true;
    }
    this.#count(error, now);
    return false;
  }

  /** Writes what was counted so far; what finds no room is kept and tried again. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    if (this.#options.write(this.#summary())) this.#counts.clear();
    else this.#flushAfter(secondMs);
  }

  #count(error: RaError, now: number): void {
    if (this.#counts.size === 0) {
      this.#countedSince = now;
      this.#flushAfter(secondMs - (now % secondMs));
    }
    const own = boundedText(`${error.code}/${error.reason}`);
    const fits = this.#counts.has(own) || this.#counts.size < maxKeys;
    const key = fits ? own : otherKey;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  #flushAfter(ms: number): void {
    this.#timer = this.#options.clock.timer(ms, () => {
      this.flush();
    });
  }

  #summary(): SummaryLine {
    return {
      kind: 'summary',
      time: new Date(this.#options.clock.now()).toISOString(),
      cause: this.#options.cause,
      from: new Date(this.#countedSince).toISOString(),
      refused: [...this.#counts.values()].reduce((sum, count) => sum + count, 0),
      counts: Object.fromEntries(this.#counts),
    };
  }
}
