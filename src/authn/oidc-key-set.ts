import { createLocalJWKSet, errors } from 'jose';
import type { CryptoKey, JSONWebKeySet, JWSHeaderParameters } from 'jose';
import type { Clock } from '../base/clock.ts';
import { abortable, callWithin } from '../base/deadline.ts';
import type { Logger } from '../base/logger.ts';
import { RaError } from '../base/ra-error.ts';
import { SingleFlight } from '../base/single-flight.ts';

/** The keys with which an issuer signs its tokens. */
export interface OidcKeySet {
  /**
   * The one key that fits a token's header. Throws AUTHENTICATION_UNAVAILABLE when the keys cannot be
   * had, an error of jose's when none or several fit, and the signal's reason when it aborts first.
   */
  keyFor(header: JWSHeaderParameters, signal: AbortSignal): Promise<CryptoKey>;
}

/** The longest key set that is read, in bytes. */
export const maxKeySetLength = 256 * 1024;
const maxKeys = 100;

type KeyFinder = (header: JWSHeaderParameters) => Promise<CryptoKey>;

/** Throws an Error unless the text is a key set (RFC 7517 section 5) of public keys. */
function parseKeySet(text: string): KeyFinder {
  if (text.length > maxKeySetLength) throw new Error('the key set is too long');
  const set = JSON.parse(text) as JSONWebKeySet;
  // Throws on anything that is no list of keys.
  const find = createLocalJWKSet(set);
  if (set.keys.length === 0 || set.keys.length > maxKeys) {
    throw new Error(`the key set must hold 1 to ${maxKeys} keys`);
  }
  if (set.keys.some((key) => 'd' in key || 'k' in key)) {
    throw new Error('the key set holds a private or symmetric key, so everybody could sign');
  }
  return (header) => find(header);
}

/** Keys that were configured as they are. */
export class FixedKeySet implements OidcKeySet {
  readonly #find: KeyFinder;

  /** Throws an Error when the text is not a JSON Web Key Set of public keys. */
  constructor(text: string) {
    this.#find = parseKeySet(text);
  }

  keyFor(header: JWSHeaderParameters): Promise<CryptoKey> {
    return this.#find(header);
  }
}

export interface RemoteKeySetOptions {
  /** An https URL. */
  readonly url: string;
  /** Gets the text at a URL; rejects when it cannot, and when the signal aborts. */
  readonly download: (url: URL, signal: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

const downloadTimeoutMs = 3_000;
/** How old keys may get before they are asked for again. */
const refreshMs = 5 * 60_000;
/** How long an issuer that cannot be reached is believed by its last keys. */
const maxUseMs = 60 * 60_000;
/** A key that nobody knows may be asked for this often, whatever strangers write into tokens. */
const unknownKeyCoolDownMs = 30_000;
const failureCoolDownMs = 5_000;

interface KeptKeys {
  readonly find: KeyFinder;
  /** Monotonic milliseconds. */
  readonly askedAt: number;
}

/** An issuer's keys at a URL, kept for minutes, asked for again when a token names a new key. */
export class RemoteKeySet implements OidcKeySet {
  readonly #options: RemoteKeySetOptions;
  readonly #url: URL;
  #kept: KeptKeys | undefined;
  readonly #loading = new SingleFlight<KeptKeys>();
  #failedAt = -Infinity;

  /** Throws an Error unless the URL is one of https, without user or password. */
  constructor(options: RemoteKeySetOptions) {
    this.#options = options;
    const url = URL.parse(options.url);
    if (url?.protocol !== 'https:') throw new Error('a JWKS URL must begin with https://');
    if (url.username + url.password !== '') throw new Error('a JWKS URL holds no user or password');
    this.#url = url;
  }

  async keyFor(header: JWSHeaderParameters, signal: AbortSignal): Promise<CryptoKey> {
    const keys = await this.#current(signal);
    try {
      return await keys.find(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const newer = await this.#newerThan(keys, signal);
      if (newer === undefined) throw error;
      return await newer.find(header);
    }
  }

  async #current(signal: AbortSignal): Promise<KeptKeys> {
    const kept = this.#kept;
    const age = kept === undefined ? Infinity : this.#options.clock.monotonic() - kept.askedAt;
    if (kept !== undefined && age < refreshMs) return kept;
    try {
      return await this.#load(signal);
    } catch (error) {
      const unavailable = RaError.from(error).code === 'AUTHENTICATION_UNAVAILABLE';
      if (kept !== undefined && unavailable && age < maxUseMs) return kept;
      throw error;
    }
  }

  /** Keys that the issuer published since; undefined when it was asked just now. */
  async #newerThan(keys: KeptKeys, signal: AbortSignal): Promise<KeptKeys | undefined> {
    if (this.#kept !== undefined && this.#kept !== keys) return this.#kept;
    const age = this.#options.clock.monotonic() - keys.askedAt;
    return age < unknownKeyCoolDownMs ? undefined : this.#load(signal);
  }

  async #load(signal: AbortSignal): Promise<KeptKeys> {
    if (this.#options.clock.monotonic() - this.#failedAt < failureCoolDownMs) {
      throw unavailable('the keys of the token issuer could not be had a moment ago');
    }
    return abortable(
      this.#loading.run(() => this.#download()),
      signal,
    );
  }

  async #download(): Promise<KeptKeys> {
    const { clock, log, download } = this.#options;
    const askedAt = clock.monotonic();
    const reason = (): Error => new Error(`no answer within ${downloadTimeoutMs} ms`);
    try {
      const text = await callWithin({ clock, ms: downloadTimeoutMs, reason }, (signal) =>
        download(this.#url, signal),
      );
      this.#kept = { find: parseKeySet(text), askedAt };
      return this.#kept;
    } catch (cause) {
      this.#failedAt = clock.monotonic();
      log.warn('the keys of a token issuer cannot be had', { url: this.#url.href, error: cause });
      throw unavailable('the keys of the token issuer cannot be had', cause);
    }
  }
}

function unavailable(message: string, cause?: unknown): RaError {
  return new RaError('AUTHENTICATION_UNAVAILABLE', message, {
    reason: 'oidc_keys_unavailable',
    cause,
  });
}
