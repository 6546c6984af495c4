import { createHash } from 'node:crypto';
import type { Random } from '../base/backoff.ts';
import { BoundedMap } from '../base/bounded-map.ts';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { abortable, Deadline } from '../base/deadline.ts';
import { KeyedSingleFlight } from '../base/single-flight.ts';
import { isTransient, isUnreachable, KubeApiError } from '../kube/api-error.ts';
import type { TokenReviewResult, TokenReviews } from '../kube/reviews.ts';
import { readUnverifiedClaims } from './unverified-claims.ts';

/** One review with its retry; the longest that anybody waits for it. */
const reviewTimeoutMs = 3_000;
/** A deleted pod's token is refused this much later at most (reliability T5). */
const positiveMs = 10_000;
/** Enough to take the edge off a client that hammers, too short to keep a new account out. */
const negativeMs = 2_000;
const retryJitterMs = { min: 50, max: 200 };
const defaultMaxEntries = 20_000;

export interface TokenReviewCacheOptions {
  readonly tokenReviews: TokenReviews;
  /** The id of the cluster that answers: one cluster's verdict says nothing in another. */
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  /** How many verdicts are kept; 20,000 where absent. */
  readonly maxEntries?: number;
}

/** How reviews were answered since the start. */
export interface TokenReviewCounts {
  /** Answered from memory. */
  readonly hits: number;
  /** Asked of the API server. */
  readonly misses: number;
  /** Answered together with an identical review that was under way. */
  readonly shared: number;
  /** Second tries, which `misses` does not count. */
  readonly retries: number;
  /** Verdicts dropped before their time because there were too many. */
  readonly evicted: number;
}

/**
 * Reviews that are remembered for seconds and asked for once where many ask alike: one ztunnel's token
 * serves all the identities of its node. No token is kept, only its hash; what is no verdict is never
 * kept. A review that fails in passing is tried a second time (reliability F1, F2).
 */
export class TokenReviewCache implements TokenReviews {
  readonly #options: TokenReviewCacheOptions;
  readonly #verdicts: VerdictMemory;
  readonly #flights = new KeyedSingleFlight<TokenReviewResult>();
  readonly #counts = { hits: 0, misses: 0, shared: 0, retries: 0 };

  constructor(options: TokenReviewCacheOptions) {
    this.#options = options;
    this.#verdicts = new VerdictMemory(options.clock, options.maxEntries ?? defaultMaxEntries);
  }

  get counts(): TokenReviewCounts {
    return { ...this.#counts, evicted: this.#verdicts.evicted };
  }

  /** How many verdicts are in memory, outdated ones included. */
  get size(): number {
    return this.#verdicts.size;
  }

  async review(
    token: string,
    audiences: readonly string[],
    signal: AbortSignal,
  ): Promise<TokenReviewResult> {
    signal.throwIfAborted();
    const key = this.#keyOf(token, audiences);
    const known = this.#verdicts.get(key);
    if (known !== undefined) {
      this.#counts.hits += 1;
      return known;
    }
    this.#counts[this.#flights.isRunning(key) ? 'shared' : 'misses'] += 1;
    // One caller's end is not the others': the review goes on while anybody waits.
    return this.#flights.run(
      key,
      (wanted) => this.#reviewOnce(key, token, audiences, wanted),
      signal,
    );
  }

  /** JSON keeps the parts apart, whatever characters they hold. */
  #keyOf(token: string, audiences: readonly string[]): string {
    const text = JSON.stringify([this.#options.cluster, audiences, token]);
    return createHash('sha256').update(text).digest('base64');
  }

  async #reviewOnce(
    key: string,
    token: string,
    audiences: readonly string[],
    parent: AbortSignal,
  ): Promise<TokenReviewResult> {
    const { tokenReviews, clock } = this.#options;
    const deadline = new Deadline({ clock, ms: reviewTimeoutMs, reason: tookTooLong, parent });
    try {
      const { result, askedAt } = await this.#ask(
        () => tokenReviews.review(token, audiences, deadline.signal),
        deadline,
      );
      this.#verdicts.put(key, verdictOf(result, askedAt, token));
      return result;
    } finally {
      deadline.release();
    }
  }

  async #ask(call: () => Promise<TokenReviewResult>, deadline: Deadline): Promise<Answer> {
    const { clock } = this.#options;
    const once = async (): Promise<Answer> => {
      // A verdict is as old as its question: it may have been true only then.
      const askedAt = clock.monotonic();
      return { askedAt, result: await abortable(call(), deadline.signal) };
    };
    for (let answers = 0; ;) {
      try {
        return await once();
      } catch (error) {
        // An API server that restarts refuses connections: that is no answer, and is waited out.
        if (!isUnreachable(error)) answers += 1;
        const waitMs = this.#retryWaitMs(error);
        // Whoever asks for more patience than there is will not be asked again (F1).
        const tooLong = waitMs === undefined || waitMs >= deadline.remainingMs();
        if (tooLong || answers > 1) throw error;
        await sleep(clock, waitMs, deadline.signal);
      }
      this.#counts.retries += 1;
    }
  }

  #retryWaitMs(error: unknown): number | undefined {
    if (!isTransient(error) || !(error instanceof KubeApiError)) return undefined;
    const { min, max } = retryJitterMs;
    const jitter = min + this.#options.random() * (max - min);
    return Math.max(jitter, error.retryAfterMs ?? 0);
  }
}

interface Answer {
  readonly result: TokenReviewResult;
  /** Monotonic milliseconds. */
  readonly askedAt: number;
}

interface CachedVerdict {
  readonly result: TokenReviewResult;
  /** Monotonic milliseconds. */
  readonly keptUntil: number;
  /** Milliseconds since the epoch; the token's own end, where it names one. */
  readonly expiresAt: number | undefined;
}

function verdictOf(result: TokenReviewResult, askedAt: number, token: string): CachedVerdict {
  const positive = result.authenticated && (result.error ?? '') === '';
  return {
    result,
    keptUntil: askedAt + (positive ? positiveMs : negativeMs),
    expiresAt: readUnverifiedClaims(token).expiresAt,
  };
}

/** Verdicts by key, those used last kept longest. */
class VerdictMemory {
  readonly #clock: Clock;
  /** In the order of use. */
  readonly #entries: BoundedMap<CachedVerdict>;

  constructor(clock: Clock, maxEntries: number) {
    this.#clock = clock;
    this.#entries = new BoundedMap(maxEntries);
  }

  get size(): number {
    return this.#entries.size;
  }

  get evicted(): number {
    return this.#entries.evicted;
  }

  get(key: string): TokenReviewResult | undefined {
    const verdict = this.#entries.get(key);
    if (verdict === undefined) return undefined;
    this.#entries.delete(key);
    if (!this.#isCurrent(verdict)) return undefined;
    this.#entries.set(key, verdict);
    return verdict.result;
  }

  put(key: string, verdict: CachedVerdict): void {
    if (this.#isCurrent(verdict)) this.#entries.set(key, verdict);
  }

  /** Two clocks, so that a jump of the wall clock makes no verdict live longer. */
  #isCurrent({ keptUntil, expiresAt = Infinity }: CachedVerdict): boolean {
    return this.#clock.monotonic() < keptUntil && this.#clock.now() < expiresAt;
  }
}

function tookTooLong(): KubeApiError {
  return new KubeApiError('the API server did not review the token in time', {
    status: undefined,
    reason: 'TimedOut',
    verb: 'create',
    resource: 'tokenreviews',
  });
}
