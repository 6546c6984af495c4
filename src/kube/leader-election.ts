import type { Random } from '../base/backoff.ts';
import { BackgroundLoop } from '../base/background-loop.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { callWithin } from '../base/deadline.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { isForbidden } from './api-error.ts';
import { LeaseClaim } from './lease-claim.ts';
import type { Leases } from './leases.ts';

/** Whether this replica is the one that writes what all share. */
export interface Leadership {
  readonly isLeader: boolean;
  /** Calls `listener` when that changes; what it throws is logged and no more. */
  onChange(listener: (isLeader: boolean) => void): void;
}

export interface LeaderElectionOptions {
  readonly leases: Leases;
  readonly namespace: string;
  /** Of the Lease that all candidates share. */
  readonly name: string;
  /** This replica's name, which no other candidate may have. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** How long a lease that is not renewed stays with its holder. */
const leaseMs = 10_000;
/** How long a leader may go without a renewal: it must be over well before the lease is. */
const renewDeadlineMs = 7_000;
const renewEveryMs = 2_000;
/** After a renewal that failed there is no time to lose. */
const retryRenewalMs = 500;
const callMs = 3_000;
const releaseMs = 2_000;

/**
 * One leader among the replicas, by a Lease. Time is only ever measured here, from the moment at which
 * the lease was seen to change; the clocks of others are never compared with ours. A leader that
 * cannot renew ceases to be one 7 s after its last renewal began; nobody takes its lease before 10 s.
 */
export class LeaderElection implements Leadership, Stoppable {
  readonly #options: LeaderElectionOptions;
  readonly #claim: LeaseClaim;
  readonly #listeners: ((isLeader: boolean) => void)[] = [];
  readonly #loop: BackgroundLoop;
  #stopped: Promise<void> | undefined;
  /** On the monotonic scale; undefined while another leads. */
  #leadsUntil: number | undefined;
  #expiry: Timer | undefined;
  #lastError: unknown;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#claim = new LeaseClaim({ ...options, leaseMs });
    this.#loop = new BackgroundLoop({
      turn: (signal) => this.#turn(signal),
      stopReason: 'the leader election was stopped',
      clock: options.clock,
    });
  }

  /** True only while the lease cannot have gone to another, even where a timer is late. */
  get isLeader(): boolean {
    const until = this.#leadsUntil;
    return until !== undefined && this.#options.clock.monotonic() < until;
  }

  /** Who holds the lease as far as we know; undefined while nobody does. */
  get holder(): string | undefined {
    return this.#claim.holder;
  }

  /** What broke the newest try; undefined once one has gone well. */
  get lastError(): unknown {
    return this.#lastError;
  }

  onChange(listener: (isLeader: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** Begins; a second call does nothing. */
  start(): void {
    this.#loop.start();
  }

  /** Steps down and gives the lease back, so that a successor need not wait; at most 2 s. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  /** One try to get or keep the lease; returns how long to wait before the next. */
  async #turn(signal: AbortSignal): Promise<number> {
    const { clock, random } = this.#options;
    // From before the call: the API server acted on it later than that, never earlier.
    const startedAt = clock.monotonic();
    const pauseMs = renewEveryMs * (1 + random() / 5);
    try {
      const isOurs = await this.#limited(callMs, signal, (limited) => this.#claim.attempt(limited));
      this.#noteSuccess();
      if (isOurs) this.#lead(startedAt + renewDeadlineMs);
      else this.#follow('another replica holds the lease');
    } catch (error) {
      if (signal.aborted) return 0;
      this.#noteFailure(error);
      return this.#leadsUntil === undefined ? pauseMs : retryRenewalMs * (0.5 + random());
    }
    if (this.#leadsUntil !== undefined) return renewEveryMs;
    // At once when the lease is due, each candidate a little later than another.
    return Math.min(pauseMs, this.#claim.untilFreeMs() + random() * 200);
  }

  #lead(until: number): void {
    const { clock, log, identity, name } = this.#options;
    if (clock.monotonic() >= until || this.#loop.isStopped) return;
    const isNew = this.#leadsUntil === undefined;
    this.#leadsUntil = until;
    this.#expiry?.cancel();
    this.#expiry = clock.timer(until - clock.monotonic(), () => {
      this.#follow('the lease could not be renewed in time');
    });
    if (!isNew) return;
    log.info('this replica leads now', { lease: name, identity });
    this.#tell(true);
  }

  #follow(because: string): void {
    if (this.#leadsUntil === undefined) return;
    this.#leadsUntil = undefined;
    this.#expiry?.cancel();
    const { log, name, identity } = this.#options;
    log.warn('this replica leads no more', { lease: name, identity, because });
    this.#tell(false);
  }

  #tell(isLeader: boolean): void {
    for (const listener of this.#listeners) {
      try {
        listener(isLeader);
      } catch (error) {
        this.#options.log.error('a listener to the leader election threw', { error });
      }
    }
  }

  #noteSuccess(): void {
    if (this.#lastError === undefined) return;
    this.#lastError = undefined;
    this.#options.log.info('the leader election works again', { lease: this.#options.name });
  }

  /** One line for each outage, not one for each try. */
  #noteFailure(error: unknown): void {
    const isFirst = this.#lastError === undefined;
    this.#lastError = error;
    if (!isFirst) return;
    const { log, namespace, name } = this.#options;
    const missing = isForbidden(error)
      ? { missing: `get, create and update leases of coordination.k8s.io in ${namespace}` }
      : {};
    log.warn('the leader election failed and is tried again', { lease: name, error, ...missing });
  }

  async #end(): Promise<void> {
    await this.#loop.stop();
    this.#follow('it was stopped');
    const { log, name } = this.#options;
    const forGood = new AbortController().signal;
    await this.#limited(releaseMs, forGood, (signal) => this.#claim.release(signal)).catch(
      (error: unknown) => {
        log.warn('the lease was not given back and will run out', { lease: name, error });
      },
    );
  }

  #limited<T>(
    ms: number,
    parent: AbortSignal,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, name } = this.#options;
    const reason = (): Error => new Error(`no answer about the lease ${name} within ${ms} ms`);
    // A call that ignores its signal must not hold up the next one.
    return callWithin({ clock, ms, reason, parent }, call);
  }
}

/** The leader where there is no election: this replica, always. */
export const soleLeader: Leadership = { isLeader: true, onChange: () => undefined };
