import type { Clock } from '../base/clock.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Rate } from '../base/token-bucket.ts';

export interface TokenBucketsOptions {
  /** Of each key. */
  readonly rate: Rate;
  readonly clock: Clock;
  /** How many buckets are kept. */
  readonly mostKeys: number;
}

/**
 * A token bucket for each key. There is a bound to them: beyond it the one used longest ago is
 * forgotten, which is as if it were full.
 */
export class TokenBuckets {
  readonly #options: TokenBucketsOptions;
  /** In the order of use. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: TokenBucketsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#buckets.size;
  }

  of(key: string): TokenBucket {
    const { rate, clock, mostKeys } = this.#options;
    const bucket = this.#buckets.get(key) ?? new TokenBucket(rate, clock);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > mostKeys && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }

  /** Like `of`, without making a bucket for a key that has none. */
  known(key: string): TokenBucket | undefined {
    return this.#buckets.get(key);
  }
}
