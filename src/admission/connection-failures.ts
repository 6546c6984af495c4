import type { Clock } from '../base/clock.ts';
import { TokenBuckets } from './token-buckets.ts';
import type { Rate } from '../base/token-bucket.ts';

export interface ConnectionFailuresOptions {
  /** How often authentication may fail on a connection; undefined where that is not limited. */
  readonly rate: Rate | undefined;
  readonly clock: Clock;
  /** How many connections are kept count of. */
  readonly maxKeys: number;
}

/**
 * Who tries tokens at random costs the API server a review for each. So a connection on which
 * authentication failed too often has to wait until it may try again; each request that succeeds
 * makes up for one that failed, since many clients may share a connection. It is not held against
 * the client's address, which many share, too.
 */
export class ConnectionFailures {
  readonly #buckets: TokenBuckets | undefined;

  constructor({ rate, clock, maxKeys }: ConnectionFailuresOptions) {
    this.#buckets = rate && new TokenBuckets({ rate, clock, maxKeys });
  }

  mayTry(connection: string): boolean {
    return (this.#buckets?.known(connection)?.waitMs() ?? 0) === 0;
  }

  failed(connection: string): void {
    this.#buckets?.of(connection).charge();
  }

  succeeded(connection: string): void {
    this.#buckets?.known(connection)?.refund();
  }
}
