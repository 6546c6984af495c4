import { BoundedMap } from '../base/bounded-map.ts';
import type { Clock } from '../base/clock.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Rate } from '../base/token-bucket.ts';

export interface TokenBucketsOptions {
  /** Of each key. */
  readonly rate: Rate;
  readonly clock: Clock;
  /** How many buckets are kept. */
  readonly maxKeys: number;
}

/**
 * A token bucket for each key. There is a bound to them: beyond it the one used longest ago is
 * forgotten, which is as if it were full.
 */
export class TokenBuckets {
  readonly #options: TokenBucketsOptions;
  /** In the order of use. */
  readonly #buckets: BoundedMap<TokenBucket>;

  constructor(options: TokenBucketsOptions) {
    this.#options = options;
    this.#buckets = new BoundedMap(options.maxKeys);
  }

  get size(): number {
    return this.#buckets.size;
  }

  of(key: string): TokenBucket {
    const { rate, clock } = this.#options;
    const bucket = this.#buckets.get(key) ?? new TokenBucket(rate, clock);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Like `of`, without making a bucket for a key that has none. */
  known(key: string): TokenBucket | undefined {
    return this.#buckets.get(key);
  }
}
