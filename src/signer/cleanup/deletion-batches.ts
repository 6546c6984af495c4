import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../base/clock.ts';
import type { RequestReference } from '../signing-backend.ts';

export interface DeletionBatchesOptions {
  readonly clock: Clock;
  /** Whether so much is going on that deletions are worth being put together. */
  readonly isBusy: () => boolean;
  /** Takes all objects of one batch: nothing else bears its label. */
  readonly onBatch: (batch: string, members: readonly RequestReference[]) => void;
  /** Takes an object that is not to wait for others any longer. */
  readonly onSingle: (finished: RequestReference) => void;
}

interface Batch {
  readonly id: string;
  readonly signerName: string;
  /** Names of objects that may bear its label and are still needed. */
  readonly awaited: Set<string>;
  readonly finished: RequestReference[];
  size: number;
  /** Since when the oldest of `finished` waits, on the monotonic clock. */
  since: number | undefined;
}

const maxMembers = 25;
/** Fewer are deleted one by one: a list of all objects of the cluster costs as much. */
const minMembers = 4;
const maxWaitMs = 3_000;
const lookEveryMs = 500;
/** Batches at once; what comes beyond has no batch. */
const maxBatches = 2_000;

/**
 * Puts request objects together at their creation, under a label that only they bear, so that one
 * call can delete them when none of them is needed any more. Objects for one signer go together, since
 * they are needed for about the same time. Nothing waits for more than a few seconds.
 */
export class DeletionBatches {
  readonly #options: DeletionBatchesOptions;
  readonly #byName = new Map<string, Batch>();
  readonly #batches = new Set<Batch>();
  /** Those that still take members, by signer. */
  readonly #open = new Map<string, Batch>();
  #timer: Timer | undefined;
  #waiting = 0;

  constructor(options: DeletionBatchesOptions) {
    this.#options = options;
  }

  /** How many finished objects wait for others. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The label's value for an object that is about to be created; undefined: it has no batch. */
  join(name: string, signerName: string): string | undefined {
    const batch = this.#open.get(signerName) ?? this.#begin(signerName);
    if (batch === undefined) return undefined;
    batch.size += 1;
    batch.awaited.add(name);
    this.#byName.set(name, batch);
    if (batch.size >= maxMembers) this.#open.delete(signerName);
    return batch.id;
  }

  /** No object of that name bears the label after all, or it is deleted in another way. */
  leave(name: string): void {
    const batch = this.#byName.get(name);
    if (batch === undefined) return;
    this.#byName.delete(name);
    batch.awaited.delete(name);
    this.#settle(batch);
  }

  /** Takes an object to be deleted with others. False: the caller has to delete it. */
  collect(finished: RequestReference): boolean {
    const batch = this.#byName.get(finished.name);
    if (batch === undefined) return false;
    if (!this.#options.isBusy() && batch.finished.length === 0) {
      this.leave(finished.name);
      return false;
    }
    this.#byName.delete(finished.name);
    batch.awaited.delete(finished.name);
    batch.finished.push(finished);
    batch.since ??= this.#options.clock.monotonic();
    this.#waiting += 1;
    this.#settle(batch);
    this.#schedule();
    return true;
  }

  /** Hands over everything that waits, and takes no more objects. */
  stop(): void {
    this.#timer?.cancel();
    for (const batch of this.#batches) this.#dissolve(batch);
    this.#byName.clear();
    this.#open.clear();
  }

  #begin(signerName: string): Batch | undefined {
    if (this.#batches.size >= maxBatches) return undefined;
    const batch: Batch = {
      // Nobody else can know it before our own objects bear it.
      id: randomBytes(10).toString('hex'),
      signerName,
      awaited: new Set(),
      finished: [],
      size: 0,
      since: undefined,
    };
    this.#batches.add(batch);
    this.#open.set(signerName, batch);
    return batch;
  }

  #settle(batch: Batch): void {
    if (batch.awaited.size > 0 || this.#open.get(batch.signerName) === batch) return;
    this.#end(batch);
  }

  /** All members are finished. */
  #end(batch: Batch): void {
    const { id, finished } = batch;
    this.#forget(batch);
    if (finished.length >= minMembers) this.#options.onBatch(id, finished);
    else for (const one of finished) this.#options.onSingle(one);
  }

  /** Some are not finished, and a deletion by the label would delete them too. */
  #dissolve(batch: Batch): void {
    const finished = batch.finished.splice(0);
    this.#waiting -= finished.length;
    batch.since = undefined;
    for (const one of finished) this.#options.onSingle(one);
    if (batch.awaited.size === 0) this.#forget(batch);
  }

  #forget(batch: Batch): void {
    this.#waiting -= batch.finished.length;
    this.#batches.delete(batch);
    if (this.#open.get(batch.signerName) === batch) this.#open.delete(batch.signerName);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#waiting === 0) return;
    this.#timer = this.#options.clock.timer(lookEveryMs, () => {
      this.#timer = undefined;
      this.#look();
      this.#schedule();
    });
  }

  #look(): void {
    const { clock, isBusy } = this.#options;
    const now = clock.monotonic();
    for (const batch of this.#batches) {
      if (batch.since === undefined) continue;
      // When little is going on no other object joins.
      const isLate = now - batch.since >= maxWaitMs;
      if (batch.awaited.size === 0 && (isLate || !isBusy())) this.#end(batch);
      else if (isLate) this.#dissolve(batch);
    }
  }
}
