import type { Clock } from '../../base/clock.ts';
import { callWithin } from '../../base/deadline.ts';
import type { Logger } from '../../base/logger.ts';
import { SingleFlight } from '../../base/single-flight.ts';

/** What a TLS connection to the API server needs. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/**
 * What proves us to the API server at one moment. The same object as before means that nothing
 * changed, and so does the same `tls` object.
 */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** When the token ends, in milliseconds since the Unix epoch, as it says itself. */
  readonly expiresAt?: number | undefined;
}

export interface CredentialsSource {
  /**
   * Reads what may have changed. With `afresh` it trusts nothing it remembers: the server has
   * refused what the last reading gave.
   */
  read(afresh: boolean): Promise<Credentials>;
}

const keptForMs = 30_000;
/** A server that refuses us for good must not make us read, or run a plugin, at each call. */
const betweenRenewalsMs = 1000;

/** A plugin may hang; calls must not wait for it for ever. */
const readingMs = 10_000;

interface FreshCredentialsOptions {
  readonly source: CredentialsSource;
  readonly first: Credentials;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Credentials that are read again every 30 s and after a 401; the last good ones stay meanwhile. */
export class FreshCredentials {
  readonly #source: CredentialsSource;
  readonly #clock: Clock;
  readonly #log: Logger;
  #current: Credentials;
  #readAt: number;
  readonly #reading = new SingleFlight<Credentials>();
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor({ source, first, clock, log }: FreshCredentialsOptions) {
    this.#source = source;
    this.#clock = clock;
    this.#log = log;
    this.#current = first;
    this.#readAt = clock.monotonic();
  }

  async current(): Promise<Credentials> {
    if (this.#clock.monotonic() - this.#readAt < keptForMs) return this.#current;
    return this.#read(false);
  }

  /** After a 401 to `refused`: newer ones, or the same object when there are none. */
  async renew(refused: Credentials): Promise<Credentials> {
    if (this.#current !== refused) return this.#current;
    const now = this.#clock.monotonic();
    if (!this.#reading.isRunning && now - this.#renewedAt < betweenRenewalsMs) return refused;
    this.#renewedAt = now;
    return this.#read(true);
  }

  #read(afresh: boolean): Promise<Credentials> {
    return this.#reading.run(() => this.#readOnce(afresh));
  }

  async #readOnce(afresh: boolean): Promise<Credentials> {
    const reason = (): Error => new Error(`nothing was read within ${readingMs} ms`);
    try {
      const read = await callWithin({ clock: this.#clock, ms: readingMs, reason }, () =>
        this.#source.read(afresh),
      );
      this.#current = unlessSame(this.#current, read);
    } catch (error) {
      this.#log.warn(
        'cannot read the credentials for the Kubernetes API again, the old ones stay',
        {
          error,
        },
      );
    }
    this.#readAt = this.#clock.monotonic();
    return this.#current;
  }
}

function unlessSame(old: Credentials, read: Credentials): Credentials {
  const tls = isSame(old.tls, read.tls) ? old.tls : read.tls;
  return tls === old.tls && isSame(old.headers, read.headers) ? old : { ...read, tls };
}

function isSame(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
