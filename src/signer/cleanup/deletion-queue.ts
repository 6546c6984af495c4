import { sleep } from '../../base/clock.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import { isForbidden } from '../../kube/api-error.ts';
import type { SigningRequest, SigningRequests } from '../../kube/signing-requests.ts';
import type { ApiAttempts } from '../limits/api-attempts.ts';
import { DeletionBatches } from './deletion-batches.ts';
import type { FinishedRequest } from './deletion-batches.ts';
import { batchLabel, requestIdAnnotation } from '../csr/request-draft.ts';
import { transientError } from '../csr/transient-error.ts';

const bounds = { tries: 6, timeoutMs: 5_000 };
/** Beyond this many the oldest are left to the reaper: memory stays bounded in an outage. */
const mostPending = 10_000;
const mostAtOnce = 8;
/** While requests need the API, and until a removal has waited for `longestDeferralMs`. */
const mostAtOnceWhenBusy = 2;
const longestDeferralMs = 15_000;
const lookAgainMs = 500;
/** The API server removes the members of a batch one after the other. */
const batchMs = 10_000;
/** Until the right to remove many at a time is tried again. */
const singlyMs = 600_000;
/** A create that we gave up on may still be carried out; look again after this long. */
const lateCreateMs = 2_000;

export interface DeletionQueueOptions {
  readonly requests: SigningRequests;
  readonly attempts: ApiAttempts;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the API has more urgent work of ours; never where absent. */
  readonly isBusy?: () => boolean;
  /** Whether objects are removed many at a time while so much goes on; never where absent. */
  readonly isStorm?: () => boolean;
  /** Whether somebody waits for the object of that name, and so removes it later. */
  readonly isInFlight?: (name: string) => boolean;
}

/**
 * With a request's id instead of a uid: an object that may or may not have been created for that
 * request under this name.
 */
type Target = { readonly name: string } & (
  { readonly uid: string } | { readonly requestId: string }
);

/** All objects that bear one batch's label. */
interface WholeBatch {
  readonly batch: string;
  readonly members: readonly FinishedRequest[];
}

interface Waiting {
  readonly target: Target | WholeBatch;
  /** On the monotonic clock. */
  readonly since: number;
}

/**
 * Deletes objects that have served, off the caller's path, a few at a time; fewer while the API has
 * more urgent work, but none waits long for its turn.
 */
export class DeletionQueue implements Stoppable {
  readonly #options: DeletionQueueOptions;
  readonly #queue: Waiting[] = [];
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #batches: DeletionBatches;
  /** Until when batches are taken apart, on the monotonic clock: the right to remove them is missing. */
  #singlyUntil = 0;
  #lookAgain: Timer | undefined;

  constructor(options: DeletionQueueOptions) {
    this.#options = options;
    const { clock, isStorm = () => false } = options;
    this.#batches = new DeletionBatches({
      clock,
      isBusy: () => isStorm() && clock.monotonic() >= this.#singlyUntil,
      onBatch: (batch, members) => {
        this.#enqueue({ batch, members });
      },
      onSingle: (finished) => {
        this.#enqueue(finished);
      },
    });
  }

  /** How many objects are still to be deleted. */
  get pending(): number {
    return this.#queue.length + this.#running.size + this.#batches.waiting;
  }

  /** The batch that an object is created for, under that name; undefined: none. */
  join(name: string, signerName: string): string | undefined {
    return this.#batches.join(name, signerName);
  }

  /** No object of that name was created, or it bears no label of ours. */
  leave(name: string): void {
    this.#batches.leave(name);
  }

  add(target: Target): void {
    if ('uid' in target) {
      if (this.#batches.take(target)) return;
    } else this.#batches.leave(target.name);
    this.#enqueue(target);
  }

  #enqueue(target: Target | WholeBatch): void {
    if (this.#queue.length >= mostPending) {
      const dropped = this.#queue.shift();
      this.#options.log.warn('too many removals wait, one is left behind', { ...dropped?.target });
    }
    this.#queue.push({ target, since: this.#options.clock.monotonic() });
    this.#start();
  }

  /** Resolves when nothing is left to delete. */
  async drained(): Promise<void> {
    this.#batches.stop();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Gives up what is left. Call `drained` first to wait for it. */
  async stop(): Promise<void> {
    this.#batches.stop();
    this.#queue.length = 0;
    this.#lookAgain?.cancel();
    this.#abort.abort(new Error('removals were stopped'));
    await this.drained();
  }

  #start(): void {
    const [next] = this.#queue;
    if (next === undefined) return;
    if (this.#running.size >= this.#mostNow(next)) {
      if (this.#running.size < mostAtOnce) this.#lookLater();
      return;
    }
    this.#queue.shift();
    const { target } = next;
    const deletion = 'batch' in target ? this.#deleteBatch(target) : this.#remove(target);
    const run = deletion.finally(() => {
      this.#running.delete(run);
      this.#start();
    });
    this.#running.add(run);
    this.#start();
  }

  #mostNow(oldest: Waiting): number {
    const { isBusy, clock } = this.#options;
    const hasWaited = clock.monotonic() - oldest.since >= longestDeferralMs;
    return hasWaited || isBusy?.() !== true ? mostAtOnce : mostAtOnceWhenBusy;
  }

  #lookLater(): void {
    if (this.#abort.signal.aborted) return;
    this.#lookAgain ??= this.#options.clock.timer(lookAgainMs, () => {
      this.#lookAgain = undefined;
      this.#start();
    });
  }

  /** What the call did not find is removed one by one, and all of it where the right is missing. */
  async #deleteBatch({ batch, members }: WholeBatch): Promise<void> {
    const { requests, clock, log } = this.#options;
    let removed: ReadonlySet<string> = new Set();
    try {
      const selector = `${batchLabel}=${batch}`;
      const bounds = { tries: 1, timeoutMs: batchMs };
      const call = (signal: AbortSignal): Promise<ReadonlySet<string>> =>
        requests.removeAll(selector, signal);
      removed = await this.#options.attempts.run(bounds, call, this.#abort.signal);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      log.debug('a batch is removed one by one', { batch, error });
      if (isForbidden(error)) this.#singlyUntil = clock.monotonic() + singlyMs;
    }
    for (const member of members) if (!removed.has(member.uid)) this.#enqueue(member);
  }

  async #remove(target: Target): Promise<void> {
    const { requests, log } = this.#options;
    const { name } = target;
    try {
      const uid = 'uid' in target ? target.uid : await this.#findUid(target);
      if (uid === undefined) return;
      await this.#insist((signal) => requests.remove({ name, uid }, signal));
    } catch (error) {
      log.warn('certificate request not removed', { csrName: name, error });
    }
  }

  /** Undefined also where a later request has taken the object over. */
  async #findUid(target: {
    readonly name: string;
    readonly requestId: string;
  }): Promise<string | undefined> {
    const { clock, isInFlight } = this.#options;
    let found = await this.#findOf(target);
    if (found === undefined) {
      await sleep(clock, lateCreateMs, this.#abort.signal);
      found = await this.#findOf(target);
    }
    return isInFlight?.(target.name) === true ? undefined : found?.uid;
  }

  async #findOf(target: {
    readonly name: string;
    readonly requestId: string;
  }): Promise<SigningRequest | undefined> {
    const { requests } = this.#options;
    const found = await this.#insist((signal) => requests.read(target.name, signal));
    return found?.annotations[requestIdAnnotation] === target.requestId ? found : undefined;
  }

  /** An API server that has just started answers 403 until it has read who may do what. */
  #insist<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const patient = async (signal: AbortSignal): Promise<T> => {
      try {
        return await call(signal);
      } catch (error) {
        if (!isForbidden(error)) throw error;
        const call = { reason: 'Forbidden', verb: 'delete' };
        throw transientError('the API server does not let us remove what we made', call, error);
      }
    };
    return this.#options.attempts.run(bounds, patient, this.#abort.signal);
  }
}
