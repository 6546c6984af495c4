import type { Clock } from '../../base/clock.ts';
import { abortable, withDeadline } from '../../base/deadline.ts';
import type { Logger } from '../../base/logger.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import type { SelfReviews } from '../../kube/reviews.ts';

const askMs = 3_000;
const askAgainMs = 15_000;

/**
 * Our own username, asked for once. Undefined while the API server cannot tell; it is asked again
 * then, four times a minute at most. Never throws but the signal's reason.
 */
export class OwnAccount implements SelfReviews {
  readonly #reviews: SelfReviews;
  readonly #clock: Clock;
  readonly #log: Logger;
  #known: string | undefined;
  readonly #asking = new SingleFlight<string | undefined>();
  #askAgainAt = -Infinity;

  constructor(options: {
    readonly reviews: SelfReviews;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#reviews = options.reviews;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  username(signal: AbortSignal): Promise<string | undefined> {
    if (this.#known !== undefined) return Promise.resolve(this.#known);
    if (!this.#asking.isRunning && this.#clock.monotonic() < this.#askAgainAt) {
      return Promise.resolve(undefined);
    }
    // One question for all who wait, so it does not end with the one who asked first.
    return abortable(
      this.#asking.run(() => this.#ask()),
      signal,
    );
  }

  async #ask(): Promise<string | undefined> {
    const reason = (): Error => new Error('the API server did not say in time who we are');
    try {
      this.#known = await withDeadline({ clock: this.#clock, ms: askMs, reason }, (signal) =>
        this.#reviews.username(signal),
      );
    } catch (error) {
      this.#log.debug('our own username is not known', { error });
    }
    this.#askAgainAt = this.#clock.monotonic() + askAgainMs;
    return this.#known;
  }
}
