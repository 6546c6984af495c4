import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { isAlreadyExists, isConflict, isNotFound } from './api-error.ts';
import type { Lease, LeaseRecord, Leases } from './leases.ts';

export interface LeaseClaimOptions {
  readonly leases: Leases;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** For how long it is taken; a whole number of seconds. */
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What another holder asks for is heeded up to this: a slip must not lock a mesh out for a day. */
const maxForeignMs = 60_000;

/** In one attempt: each but the first after somebody was quicker. */
const maxTries = 3;
/** More writes than can be without an answer before the lease has run out. */
const maxUnanswered = 32;

/** A lease as it was seen, and since when it has been so. */
interface Observation {
  readonly lease: Lease;
  /** On the monotonic scale, from the end of the call that showed it first. */
  readonly since: number;
}

/** One candidate's view of a Lease, and its claim to it. */
export class LeaseClaim {
  readonly #options: LeaseClaimOptions;
  #seen: Observation | undefined;
  /** What we wrote last, and what we tried to write since: an answer may have been lost. */
  #written: readonly LeaseRecord[] = [];
  /** Whether the lease was ours when it was seen last. */
  #held = false;
  #hasLooked = false;
  #reportedNamesake = false;

  constructor(options: LeaseClaimOptions) {
    this.#options = options;
  }

  get holder(): string | undefined {
    const holder = this.#seen?.lease.record.holder ?? '';
    return holder === '' ? undefined : holder;
  }

  /** How long the lease stays with its holder if it is not renewed. */
  untilFreeMs(): number {
    if (this.#seen === undefined || this.holder === undefined) return 0;
    const { lease, since } = this.#seen;
    const ms = Math.min(lease.record.durationSeconds * 1000, maxForeignMs);
    return Math.max(0, since + ms - this.#options.clock.monotonic());
  }

  /**
   * Takes the lease where it is free, renews it where it is ours. False when it is another's. Throws
   * what the API throws; whether the lease is ours is then unknown until the next attempt.
   */
  async attempt(signal: AbortSignal): Promise<boolean> {
    for (let left = maxTries; left > 0; left -= 1) {
      const held = this.#held ? this.#seen?.lease : undefined;
      this.#held = false;
      // Ours so far: the write itself finds out whether it still is.
      const base = held ?? (await this.#look(signal));
      if (base === 'taken') return false;
      signal.throwIfAborted(); // Whoever gave this attempt up has begun another by now.
      const isOurs = base === 'absent' ? this.#create(signal) : this.#write(base, signal);
      if (await isOurs) return true;
    }
    return false;
  }

  /** Gives the lease back where it is ours. Throws what the API throws. */
  async release(signal: AbortSignal): Promise<void> {
    const { leases, namespace, name, clock } = this.#options;
    this.#held = false;
    if (this.#written.length === 0) return;
    const found = await leases.read(namespace, name, signal);
    if (found === undefined || !this.#isOurs(found.record)) return;
    const record = { ...found.record, holder: '', durationSeconds: 1, renewedAt: clock.now() };
    await leases.update({ ...found, record }, signal);
  }

  async #look(signal: AbortSignal): Promise<Lease | 'absent' | 'taken'> {
    const { leases, namespace, name } = this.#options;
    const found = await leases.read(namespace, name, signal);
    const isFirst = !this.#hasLooked;
    this.#hasLooked = true;
    if (found === undefined) return this.#isAnothers() ? 'taken' : 'absent';
    this.#observe(found);
    return this.#mayTake(found.record, isFirst) ? found : 'taken';
  }

  /** A lease that somebody deleted is still its holder's, who has not noticed yet. */
  #isAnothers(): boolean {
    const record = this.#seen?.lease.record;
    return record !== undefined && !this.#isOurs(record) && this.untilFreeMs() > 0;
  }

  #mayTake(record: LeaseRecord, isFirstLook: boolean): boolean {
    if (record.holder === '' || this.#isOurs(record)) return true;
    if (record.holder !== this.#options.identity) return this.untilFreeMs() === 0;
    // Who had our name before we first looked is a process that we have replaced.
    if (isFirstLook || this.untilFreeMs() === 0) return true;
    this.#reportNamesake();
    return false;
  }

  #reportNamesake(): void {
    if (this.#reportedNamesake) return;
    this.#reportedNamesake = true;
    const { log, name, identity } = this.#options;
    log.error('another process takes part in the election under our own name', {
      lease: name,
      identity,
    });
  }

  #isOurs(record: LeaseRecord): boolean {
    return this.#written.some((written) => isSameRecord(record, written));
  }

  /** False when somebody else was quicker. */
  async #write(base: Lease, signal: AbortSignal): Promise<boolean> {
    const { leases, clock, identity, leaseMs } = this.#options;
    const isRenewal = base.record.holder === identity;
    const now = clock.now();
    const record: LeaseRecord = {
      holder: identity,
      durationSeconds: leaseMs / 1000,
      acquiredAt: isRenewal ? base.record.acquiredAt : now,
      // Never the same twice, so that each renewal can be seen by others whatever the wall clock does.
      renewedAt: Math.max(now, base.record.renewedAt + 1),
      transitions: base.record.transitions + (isRenewal ? 0 : 1),
    };
    this.#note(record);
    try {
      this.#hold(await leases.update({ ...base, record }, signal));
      return true;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return this.#refused(record);
      throw error;
    }
  }

  async #create(signal: AbortSignal): Promise<boolean> {
    const { leases, namespace, name, identity, leaseMs, clock } = this.#options;
    const now = clock.now();
    const record: LeaseRecord = {
      holder: identity,
      durationSeconds: leaseMs / 1000,
      acquiredAt: now,
      renewedAt: now,
      transitions: 0,
    };
    this.#note(record);
    try {
      this.#hold(await leases.create({ namespace, name, record }, signal));
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return this.#refused(record);
      throw error;
    }
  }

  #hold(lease: Lease): void {
    this.#seen = { lease, since: this.#options.clock.monotonic() };
    this.#held = true;
    this.#written = [lease.record];
  }

  #note(record: LeaseRecord): void {
    this.#written = [...this.#written, record].slice(-maxUnanswered);
  }

  #refused(record: LeaseRecord): false {
    this.#written = this.#written.filter((written) => written !== record);
    return false;
  }

  #observe(lease: Lease): void {
    const seen = this.#seen?.lease;
    const isKnown = seen !== undefined && isSameRecord(seen.record, lease.record);
    const since = isKnown ? this.#seen?.since : undefined;
    this.#seen = { lease, since: since ?? this.#options.clock.monotonic() };
  }
}

function isSameRecord(one: LeaseRecord, other: LeaseRecord): boolean {
  return (
    one.holder === other.holder &&
    one.renewedAt === other.renewedAt &&
    one.acquiredAt === other.acquiredAt &&
    one.transitions === other.transitions
  );
}
