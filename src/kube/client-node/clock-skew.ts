import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

/** From here on certificates may look not yet valid, or expired, to whoever asked for them. */
const maxSkewMs = 60_000;
/** One odd answer proves nothing: so many in a row do. */
const answersUntilWarning = 3;
const betweenWarningsMs = 600_000;
/** The header gives whole seconds, rounded down; on average half a second is missing. */
const roundingMs = 500;

/** Compares our clock with the API server's, which is the one that tells for how long tokens live. */
export class ClockSkew {
  readonly #clock: Clock;
  readonly #log: Logger;
  #skewMs: number | undefined;
  #skewed = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** The server's clock less ours at the last answer; undefined before any. */
  get ms(): number | undefined {
    return this.#skewMs;
  }

  /** Takes an answer's `Date` header; anything that is no date is passed over. */
  note(header: string | readonly string[] | undefined): void {
    const time = typeof header === 'string' ? Date.parse(header) : Number.NaN;
    if (Number.isNaN(time)) return;
    this.#skewMs = Math.round(time + roundingMs - this.#clock.now());
    this.#skewed = Math.abs(this.#skewMs) > maxSkewMs ? this.#skewed + 1 : 0;
    if (this.#skewed < answersUntilWarning) return;
    const now = this.#clock.monotonic();
    if (now - this.#warnedAt < betweenWarningsMs) return;
    this.#warnedAt = now;
    this.#log.warn("our clock and the API server's differ: correct the wrong one", {
      clockSkewMs: this.#skewMs,
    });
  }
}
