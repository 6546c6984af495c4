import type { Logger } from '../../base/logger.ts';

/** So many failures in a row, and no success between them, mean that the server is away. */
const failuresUntilAway = 5;
/** With the watches, which do not wait here, below 20 calls in a second. */
const betweenCallsMs = 60;

/** What the server's absence looks like: it takes no connection, or it fails whatever is asked. */
export type Failure = 'unreachable' | 'failing';

/**
 * Whether the server is away, and when it may be asked again. While it is away calls go one by one,
 * each of them a probe; the first that is answered ends the outage. Times are monotonic.
 */
export class Outage {
  readonly #log: Logger;
  #failures = 0;
  #failure: Failure = 'unreachable';
  #since: number | undefined;
  #lastSentAt = Number.NEGATIVE_INFINITY;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** When it began; undefined while the server is there. */
  get since(): number | undefined {
    return this.#since;
  }

  get failure(): Failure {
    return this.#failure;
  }

  /** Whether the next call must wait for its turn. */
  mustWait(now: number): boolean {
    return this.#since !== undefined && now - this.#lastSentAt < betweenCallsMs;
  }

  sent(now: number): void {
    this.#lastSentAt = now;
  }

  failed(failure: Failure, now: number): void {
    this.#failures += 1;
    this.#failure = failure;
    if (this.#since !== undefined || this.#failures < failuresUntilAway) return;
    this.#since = now;
    this.#log.warn('the Kubernetes API is away, few calls are sent until it is back', { failure });
  }

  answered(now: number): void {
    this.#failures = 0;
    if (this.#since === undefined) return;
    this.#log.info('the Kubernetes API is back', { afterMs: Math.round(now - this.#since) });
    this.#since = undefined;
  }
}
