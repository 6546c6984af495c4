import { sleep } from '../../base/clock.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import { isForbidden } from '../../kube/api-error.ts';
import type { ApiAttempts } from '../limits/api-attempts.ts';
import { DeletionBatches } from './deletion-batches.ts';
import type {
  DeletionTarget,
  RequestDeletions,
  RequestOfName,
  RequestReference,
  SigningBackend,
} from '../signing-backend.ts';

/** An API server that has just started may refuse for a while: see `SigningBackend.delete`. */
const bounds = { tries: 6, timeoutMs: 5_000 };
/** Beyond this many the oldest are left to the reaper: memory stays bounded in an outage. */
const maxPending = 10_000;
const maxAtOnce = 8;
/** While requests need the API, and until a deletion has waited for `maxDeferralMs`. */
const maxAtOnceWhenBusy = 2;
const maxDeferralMs = 15_000;
const lookAgainMs = 500;
/** The API server deletes the members of a batch one after the other. */
const batchBounds = { tries: 1, timeoutMs: 10_000 };
/** For so long objects are deleted singly, until the right to delete many at a time is tried again. */
const singlyMs = 600_000;
/** A create that we gave up on may still be carried out; look again after this long. */
const lateCreateMs = 2_000;

export interface DeletionQueueOptions {
  readonly backend: Pick<SigningBackend, 'find' | 'delete' | 'deleteBatch' | 'isAwaited'>;
  readonly attempts: ApiAttempts;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the API has more urgent work of ours; never where absent. */
  readonly isBusy?: () => boolean;
  /** Whether so much is going on that objects are deleted many at a time; never where absent. */
  readonly isStorm?: () => boolean;
}

/** All objects of one batch. */
interface WholeBatch {
  readonly batch: string;
  readonly members: readonly RequestReference[];
}

interface Waiting {
  readonly target: DeletionTarget | WholeBatch;
  /** On the monotonic clock. */
  readonly since: number;
}

/**
 * Deletes request objects that nobody needs any more, off the caller's path and a few at a time. There
 * are fewer at a time while the API has more urgent work, but none waits for long.
 */
export class DeletionQueue implements RequestDeletions, Stoppable {
  readonly #options: DeletionQueueOptions;
  readonly #queue: Waiting[] = [];
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #batches: DeletionBatches;
  /** Until when batches are taken apart, on the monotonic clock: the right to delete them is missing. */
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

  join(name: string, signerName: string): string | undefined {
    return this.#batches.join(name, signerName);
  }

  leave(name: string): void {
    this.#batches.leave(name);
  }

  add(target: DeletionTarget): void {
    if ('uid' in target) {
      if (this.#batches.collect(target)) return;
    } else this.#batches.leave(target.name);
    this.#enqueue(target);
  }

  #enqueue(target: DeletionTarget | WholeBatch): void {
    if (this.#queue.length >= maxPending) {
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
    if (this.#running.size >= this.#maxNow(next)) {
      if (this.#running.size < maxAtOnce) this.#lookLater();
      return;
    }
    this.#queue.shift();
    const { target } = next;
    const deletion = 'batch' in target ? this.#deleteBatch(target) : this.#delete(target);
    const run = deletion.finally(() => {
      this.#running.delete(run);
      this.#start();
    });
    this.#running.add(run);
    this.#start();
  }

  #maxNow(oldest: Waiting): number {
    const { isBusy, clock } = this.#options;
    const hasWaited = clock.monotonic() - oldest.since >= maxDeferralMs;
    return hasWaited || isBusy?.() !== true ? maxAtOnce : maxAtOnceWhenBusy;
  }

  #lookLater(): void {
    if (this.#abort.signal.aborted) return;
    this.#lookAgain ??= this.#options.clock.timer(lookAgainMs, () => {
      this.#lookAgain = undefined;
      this.#start();
    });
  }

  /** What the call did not find is deleted one by one, and all of it where the right is missing. */
  async #deleteBatch({ batch, members }: WholeBatch): Promise<void> {
    const { backend, attempts, clock, log } = this.#options;
    let deleted: ReadonlySet<string> = new Set();
    try {
      const call = (signal: AbortSignal): Promise<ReadonlySet<string>> =>
        backend.deleteBatch(batch, signal);
      deleted = await attempts.run(batchBounds, call, this.#abort.signal);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      log.debug('a batch is removed one by one', { batch, error });
      if (isForbidden(error)) this.#singlyUntil = clock.monotonic() + singlyMs;
    }
    for (const member of members) if (!deleted.has(member.uid)) this.#enqueue(member);
  }

  async #delete(target: DeletionTarget): Promise<void> {
    const { backend, log } = this.#options;
    const { name } = target;
    try {
      const uid = 'uid' in target ? target.uid : await this.#findUid(target);
      if (uid === undefined) return;
      await this.#attempt((signal) => backend.delete({ name, uid }, signal));
    } catch (error) {
      log.warn('certificate request not removed', { csrName: name, error });
    }
  }

  /** Undefined also where a later request has taken the object over. */
  async #findUid(target: RequestOfName): Promise<string | undefined> {
    const { backend, clock } = this.#options;
    const find = (signal: AbortSignal): Promise<RequestReference | undefined> =>
      backend.find(target, signal);
    let found = await this.#attempt(find);
    if (found === undefined) {
      await sleep(clock, lateCreateMs, this.#abort.signal);
      found = await this.#attempt(find);
    }
    return backend.isAwaited(target.name) ? undefined : found?.uid;
  }

  #attempt<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#options.attempts.run(bounds, call, this.#abort.signal);
  }
}
