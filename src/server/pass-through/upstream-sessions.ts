import type { OutgoingHttpHeaders } from 'node:http2';
import { fullJitterMs } from '../../base/backoff.ts';
import type { BackoffOptions, Random } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { UpstreamStream } from './passed-stream.ts';
import { UpstreamSession } from './upstream-session.ts';
import type { Upstream, UpstreamSessionLimits } from './upstream-session.ts';

export interface UpstreamSessionsOptions {
  readonly upstream: Upstream;
  readonly limits: UpstreamSessionLimits & {
    /** Connections to istiod at once. */
    readonly sessions: number;
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Why a stream to istiod could not be begun. */
export class UpstreamUnavailable extends Error {
  readonly kind: 'not reachable' | 'no room';

  constructor(kind: 'not reachable' | 'no room', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UpstreamUnavailable';
    this.kind = kind;
  }
}

const backoff: BackoffOptions = { firstMs: 250, maxMs: 5_000 };

/**
 * The connections to istiod. One is made when all others are full, by one attempt at a time that all
 * who need it wait for. After a failed attempt nobody waits: until the back-off is over everybody is
 * told at once that istiod is not reachable.
 */
export class UpstreamSessions {
  readonly #options: UpstreamSessionsOptions;
  readonly #sessions = new Set<UpstreamSession>();
  readonly #stopping = new AbortController();
  #connecting: Promise<UpstreamSession> | undefined;
  #failures = 0;
  #retryAt = Number.NEGATIVE_INFINITY;
  #reachable: boolean | undefined;

  constructor(options: UpstreamSessionsOptions) {
    this.#options = options;
  }

  /** Connections that are open. */
  get count(): number {
    return this.#sessions.size;
  }

  /** Whether the last attempt to connect succeeded; undefined before the first. */
  get reachable(): boolean | undefined {
    return this.#reachable;
  }

  /**
   * Begins a stream, or resolves with undefined when `isWanted` says meanwhile that nobody needs it.
   * Rejects with UpstreamUnavailable.
   */
  async open(
    headers: OutgoingHttpHeaders,
    isWanted: () => boolean,
  ): Promise<UpstreamStream | undefined> {
    while (isWanted()) {
      const session = this.#withRoom();
      if (session !== undefined) return session.request(headers);
      await this.#connected();
    }
    return undefined;
  }

  /** Sees that there is a connection, and makes one if need be. Rejects with UpstreamUnavailable. */
  async reach(): Promise<void> {
    if (this.#withRoom() !== undefined) return;
    await this.#connected();
  }

  /** Ends all connections; no more are made. */
  stop(): void {
    this.#stopping.abort(new Error('the server is stopping'));
    for (const session of this.#sessions) session.destroy();
  }

  /** One attempt at a time, which all who need it wait for. */
  #connected(): Promise<UpstreamSession> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** The first that has room: the later ones run empty and are closed. */
  #withRoom(): UpstreamSession | undefined {
    return [...this.#sessions].find((session) => session.hasRoom);
  }

  async #connect(): Promise<UpstreamSession> {
    const { clock, limits } = this.#options;
    if (this.#sessions.size >= limits.sessions) {
      throw new UpstreamUnavailable('no room', `all ${limits.sessions} connections are full`);
    }
    if (clock.monotonic() < this.#retryAt) {
      throw new UpstreamUnavailable('not reachable', 'the last attempt to connect has just failed');
    }
    try {
      const session = await this.#openSession();
      this.#noteReachable();
      return session;
    } catch (error) {
      this.#noteFailure(error);
      throw new UpstreamUnavailable('not reachable', 'cannot connect', { cause: error });
    }
  }

  async #openSession(): Promise<UpstreamSession> {
    const onClose = (closed: UpstreamSession): void => {
      this.#sessions.delete(closed);
    };
    const session = await UpstreamSession.open(
      { ...this.#options, onClose },
      this.#stopping.signal,
    );
    if (!session.hasRoom) {
      session.destroy();
      throw new Error('istiod admits no streams');
    }
    this.#sessions.add(session);
    return session;
  }

  #noteReachable(): void {
    if (this.#reachable !== true) this.#options.log.info('istiod is reachable');
    this.#reachable = true;
    this.#failures = 0;
  }

  #noteFailure(error: unknown): void {
    const { clock, random, log } = this.#options;
    if (this.#stopping.signal.aborted) return;
    const waitMs = fullJitterMs(this.#failures, backoff, random);
    this.#retryAt = clock.monotonic() + waitMs;
    this.#failures += 1;
    const fields = { waitMs: Math.round(waitMs), error };
    if (this.#reachable === false) log.debug('istiod is still not reachable', fields);
    else log.warn('istiod is not reachable', fields);
    this.#reachable = false;
  }
}
