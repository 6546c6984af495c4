import { fullJitterMs } from '../base/backoff.ts';
import type { Random } from '../base/backoff.ts';
import { BackgroundLoop } from '../base/background-loop.ts';
import type { Clock } from '../base/clock.ts';
import { callWithin } from '../base/deadline.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Certificate } from '../pki/certificate.ts';
import { parseSpiffeBundle } from './spiffe-bundle.ts';

export interface SpiffeBundleFeedOptions {
  /** An https URL. */
  readonly url: string;
  /** Gets the text at a URL; rejects when it cannot, and when the signal aborts. */
  readonly download: (url: URL, signal: AbortSignal) => Promise<string>;
  /** Called when there are other roots than before. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

const downloadMs = 10_000;
/** Istio's own interval, and the longest; a publisher may want a shorter one. */
const maxRefreshMs = 30 * 60_000;
const minRefreshMs = 60_000;
const backoff = { firstMs: 5_000, maxMs: 5 * 60_000 };
/** Between two failures, however the dice fall. */
const minWaitMs = 1_000;

/** The roots at one URL, read again and again. What cannot be read leaves the last good ones. */
export class SpiffeBundleFeed implements Stoppable {
  readonly #options: SpiffeBundleFeedOptions;
  readonly #loop: BackgroundLoop;
  #roots: readonly Certificate[] | undefined;
  #failures = 0;
  #onTried: () => void = () => undefined;
  /** Resolves after the first try, however it went. */
  readonly tried: Promise<void>;

  constructor(options: SpiffeBundleFeedOptions) {
    this.#options = options;
    this.tried = new Promise((resolve) => {
      this.#onTried = resolve;
    });
    const turn = async (signal: AbortSignal): Promise<number> => {
      const waitMs = await this.#try(signal);
      this.#onTried();
      return waitMs;
    };
    this.#loop = new BackgroundLoop({ turn, stopReason: 'stopped', clock: options.clock });
  }

  /** Undefined before the URL has answered for the first time. */
  get roots(): readonly Certificate[] | undefined {
    return this.#roots;
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    const stopped = this.#loop.stop();
    this.#onTried();
    await stopped;
  }

  /** How long to wait before the next try, in milliseconds. */
  async #try(signal: AbortSignal): Promise<number> {
    const { url, random, log } = this.#options;
    try {
      const { roots, refreshMs = maxRefreshMs } = parseSpiffeBundle(await this.#text(signal));
      this.#failures = 0;
      this.#take(roots);
      return Math.min(Math.max(refreshMs, minRefreshMs), maxRefreshMs);
    } catch (error) {
      if (signal.aborted) return 0;
      const waitMs = minWaitMs + fullJitterMs(this.#failures, backoff, random);
      this.#failures += 1;
      const consequence = this.#roots === undefined ? 'there are none yet' : 'the last ones stay';
      log.warn(`the roots at a spiffeBundleUrl cannot be had; ${consequence}`, { url, error });
      return waitMs;
    }
  }

  #text(parent: AbortSignal): Promise<string> {
    const { url, download, clock } = this.#options;
    const reason = (): Error => new Error(`no answer within ${downloadMs} ms`);
    return callWithin({ clock, ms: downloadMs, reason, parent }, (signal) =>
      download(new URL(url), signal),
    );
  }

  #take(roots: readonly Certificate[]): void {
    const { url, log, onChange } = this.#options;
    const sums = (list: readonly Certificate[]): string => list.map((r) => r.sha256).join();
    if (this.#roots !== undefined && sums(this.#roots) === sums(roots)) return;
    this.#roots = roots;
    const fields = { url, roots: roots.map(({ sha256 }) => sha256) };
    if (roots.length > 0) log.info('roots taken over from a spiffeBundleUrl', fields);
    else log.warn('the bundle at a spiffeBundleUrl has no X.509 roots: all were withdrawn', fields);
    onChange();
  }
}
