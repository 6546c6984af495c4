import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { RaError } from '../base/ra-error.ts';
import { defaultLimits, noLimits } from './admission-limits.ts';
import type { AdmissionLimits } from './admission-limits.ts';
import { ConnectionFailures } from './connection-failures.ts';
import { ConcurrencyLimiter } from './concurrency-limiter.ts';
import type { QueueCounts, Slot } from './concurrency-limiter.ts';
import { overloaded, overloadReasons } from './overloaded.ts';
import type { OverloadReason } from './overloaded.ts';
import { RejectionDelay } from './rejection-delay.ts';
import { TokenBuckets } from './token-buckets.ts';
import type { Rate } from '../base/token-bucket.ts';

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Replaces some of the default figures. */
  readonly limits?: Partial<AdmissionLimits> | undefined;
  /** Whether those who are not authenticated are to be turned away; it must not throw. */
  readonly isOverloaded?: (() => boolean) | undefined;
}

/** A request whose sender is not known yet. */
export interface UnauthenticatedRequest {
  /** Its connection, by any name that no other open one has. */
  readonly connection: string;
  /** What the request holds in memory. */
  readonly bytes: number;
  readonly signal: AbortSignal;
}

/** Whose requests are counted together. */
export interface RatedCaller {
  readonly kind: 'pod' | 'identity' | 'node-agent';
  /** The pod's unique id, or the identity. */
  readonly id: string;
}

/** A request of somebody who is known. */
export interface AuthenticatedRequest {
  /** Of the identity that is to be certified. */
  readonly namespace: string;
  readonly bytes: number;
  readonly signal: AbortSignal;
}

/** All numbers only grow but those named "now"; each is a plain number at each reading. */
export interface AdmissionCounts {
  readonly authentication: QueueCounts;
  readonly work: QueueCounts;
  /** Answers that are held back now. */
  readonly delayed: number;
  /** Answers that were not held back because too many were. */
  readonly notDelayed: number;
  readonly turnedAway: Readonly<Record<OverloadReason, number>>;
}

/**
 * Who may come in when many come at once: a queue before authentication, in turn by connection;
 * limits for each caller; a queue after it, in turn by namespace. Everything that waits is bounded
 * and leaves when its request ends.
 */
export class Admission {
  readonly #authentication: ConcurrencyLimiter;
  readonly #work: ConcurrencyLimiter;
  readonly #failures: ConnectionFailures;
  readonly #rates: Readonly<Record<RatedCaller['kind'], TokenBuckets | undefined>>;
  readonly #delay: RejectionDelay;
  readonly #isOverloaded: () => boolean;
  readonly #turnedAway = new Map<OverloadReason, number>();

  constructor({ clock, random, limits: chosen, isOverloaded = () => false }: AdmissionOptions) {
    const limits = { ...defaultLimits, ...chosen };
    const { maxKeys, maxWaiting, maxWaitingBytes } = limits;
    const queue = (
      atOnce: number,
      atOncePerKey: number,
      reason: OverloadReason,
    ): ConcurrencyLimiter =>
      new ConcurrencyLimiter({
        atOnce,
        atOncePerKey,
        maxWaiting,
        maxWaitingBytes,
        full: () => this.#turnAway(reason),
      });
    const buckets = (rate: Rate | undefined): TokenBuckets | undefined =>
      rate && new TokenBuckets({ rate, clock, maxKeys });
    const { authenticating, authenticatingPerConnection, working, workingPerNamespace } = limits;
    const { delayMinMs: minMs, delayMaxMs: maxMs, maxDelayed: maxHeld } = limits;
    this.#authentication = queue(authenticating, authenticatingPerConnection, 'waiting_room_full');
    this.#work = queue(working, workingPerNamespace, 'queue_full');
    this.#failures = new ConnectionFailures({
      rate: limits.failuresPerConnection,
      clock,
      maxKeys,
    });
    this.#rates = {
      pod: buckets(limits.perPod),
      identity: buckets(limits.perIdentity),
      'node-agent': buckets(limits.perNodeAgent),
    };
    this.#delay = new RejectionDelay({ minMs, maxMs, maxHeld, clock, random });
    this.#isOverloaded = isOverloaded;
  }

  /** Lets everybody in at once and holds no answer back. */
  static unlimited(clock: Clock): Admission {
    return new Admission({ clock, random: () => 0, limits: noLimits });
  }

  get counts(): AdmissionCounts {
    const count = (reason: OverloadReason): number => this.#turnedAway.get(reason) ?? 0;
    return {
      authentication: this.#authentication.counts,
      work: this.#work.counts,
      delayed: this.#delay.held,
      notDelayed: this.#delay.notHeld,
      turnedAway: Object.fromEntries(
        overloadReasons.map((reason) => [reason, count(reason)]),
      ) as Record<OverloadReason, number>,
    };
  }

  /**
   * Resolves when it is the turn of the request to be authenticated. Throws OVERLOADED, NOT_READY once
   * closed, and on abort the signal's reason.
   */
  async unauthenticated({ connection, bytes, signal }: UnauthenticatedRequest): Promise<Slot> {
    if (this.#isOverloaded()) throw this.#turnAway('overloaded');
    this.#checkFailures(connection);
    const slot = await this.#authentication.enter({ key: connection, bytes, signal });
    try {
      // Others on its connection may have failed while it waited.
      this.#checkFailures(connection);
      return slot;
    } catch (error) {
      slot.release();
      throw error;
    }
  }

  /** To be told when a request could not be authenticated. */
  failed(connection: string): void {
    this.#failures.failed(connection);
  }

  /** Counts a request of a caller who is known. Throws OVERLOADED where that was one too many. */
  count(caller: RatedCaller, connection: string): void {
    const isWithin = this.#rates[caller.kind]?.of(caller.id).take() ?? true;
    if (!isWithin) throw this.#turnAway('rate_limited');
    this.#failures.succeeded(connection);
  }

  /**
   * Resolves when it is the namespace's turn. Throws OVERLOADED, NOT_READY once closed, and on abort
   * the signal's reason.
   */
  authenticated({ namespace, bytes, signal }: AuthenticatedRequest): Promise<Slot> {
    return this.#work.enter({ key: namespace, bytes, signal });
  }

  /**
   * Resolves when a refusal may be answered that clients take as an invitation to come again at once;
   * at once when `signal` aborts. Never rejects.
   */
  holdBack(signal: AbortSignal): Promise<void> {
    return this.#delay.hold(signal);
  }

  /** For a drain: turns away who waits or would have to, and lets go what is held back. */
  close(): void {
    const reason = (): RaError =>
      new RaError('NOT_READY', 'the server stops and lets nobody wait any more', {
        reason: 'shutting_down',
      });
    this.#authentication.close(reason);
    this.#work.close(reason);
    this.#delay.close();
  }

  #checkFailures(connection: string): void {
    if (!this.#failures.mayTry(connection)) throw this.#turnAway('authentication_failures');
  }

  #turnAway(reason: OverloadReason): RaError {
    this.#turnedAway.set(reason, (this.#turnedAway.get(reason) ?? 0) + 1);
    return overloaded(reason);
  }
}
