import { FairQueue } from '../base/fair-queue.ts';
import type { Waiting } from '../base/fair-queue.ts';

export interface ConcurrencyLimiterOptions {
  /** How many may be at work at once. */
  readonly atOnce: number;
  /** How many of them one key may have, where one that has fewer waits. */
  readonly atOncePerKey: number;
  readonly maxWaiting: number;
  /** Of all that wait, together. */
  readonly maxWaitingBytes: number;
  /** Made for each who is turned away because too many wait. */
  readonly full: () => Error;
}

export interface QueueEntry {
  /** Who has to share: a namespace, or a connection. */
  readonly key: string;
  /** What is kept in memory while it waits. */
  readonly bytes: number;
  /** Ends the wait, with its reason. */
  readonly signal: AbortSignal;
}

/** The right to be at work; release it when the work is over, however it ended. */
export interface Slot {
  /** Idempotent. */
  release(): void;
}

export interface QueueCounts {
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly inFlight: number;
  /** Turned away so far because too many waited. */
  readonly turnedAway: number;
}

interface Waiter {
  enter(): void;
  fail(error: Error): void;
}

/**
 * Lets a bounded number work at once and a bounded number wait, in turn by key (round robin; each
 * counts the same), first come first served within a key. No slot stays free while somebody waits,
 * and every key that waits has its turn after at most one turn of each other.
 */
export class ConcurrencyLimiter {
  readonly #options: ConcurrencyLimiterOptions;
  readonly #minBytes: number;
  readonly #queue: FairQueue<Waiter>;
  readonly #inFlight = new Map<string, number>();
  #atWork = 0;
  #turnedAway = 0;
  #closed: (() => Error) | undefined;

  constructor(options: ConcurrencyLimiterOptions) {
    this.#options = options;
    const { maxWaiting, maxWaitingBytes } = options;
    // Each counts as its share of the bytes at least: one measure then bounds the number as well.
    this.#minBytes = maxWaitingBytes / maxWaiting;
    this.#queue = new FairQueue({ maxCost: maxWaitingBytes });
  }

  get counts(): QueueCounts {
    return {
      waiting: this.#queue.size,
      waitingBytes: this.#queue.cost,
      inFlight: this.#atWork,
      turnedAway: this.#turnedAway,
    };
  }

  /**
   * Resolves when it is the entry's turn. Rejects with the signal's reason, with `full()` when too
   * many wait, and with what `close` was given.
   */
  async enter(entry: QueueEntry): Promise<Slot> {
    entry.signal.throwIfAborted();
    if (this.#atWork < this.#options.atOnce) this.#begin(entry.key);
    else if (this.#closed !== undefined) throw this.#closed();
    else await this.#wait(entry);
    return this.#slot(entry.key);
  }

  /** Turns away all that wait and all that would have to; those at work are left in peace. */
  close(reason: () => Error): void {
    this.#closed = reason;
    for (const { item } of this.#queue.clear()) item.fail(reason());
  }

  #wait({ key, bytes, signal }: QueueEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#queue.leave(entry);
        reject(signal.reason as Error);
      };
      const settle = (settled: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        settled();
      };
      const item: Waiter = {
        enter: () => {
          settle(resolve);
        },
        fail: (error) => {
          settle(() => {
            reject(error);
          });
        },
      };
      const entry: Waiting<Waiter> = { key, item, cost: Math.max(bytes, this.#minBytes) };
      signal.addEventListener('abort', onAbort, { once: true });
      for (const displaced of this.#queue.join(entry)) {
        this.#turnedAway += 1;
        displaced.item.fail(this.#options.full());
      }
    });
  }

  #begin(key: string): void {
    this.#atWork += 1;
    this.#inFlight.set(key, this.#inFlightOf(key) + 1);
  }

  #slot(key: string): Slot {
    let released = false;
    return {
      release: () => {
        if (released) return;
        released = true;
        this.#end(key);
      },
    };
  }

  #end(key: string): void {
    this.#atWork -= 1;
    const left = this.#inFlightOf(key) - 1;
    if (left === 0) this.#inFlight.delete(key);
    else this.#inFlight.set(key, left);
    const { atOncePerKey } = this.#options;
    const next = this.#queue.next((k) => this.#inFlightOf(k) < atOncePerKey) ?? this.#queue.next();
    if (next === undefined) return;
    // Counted here and not when the waiter resumes: whoever comes in between must find it taken.
    this.#begin(next.key);
    next.item.enter();
  }

  #inFlightOf(key: string): number {
    return this.#inFlight.get(key) ?? 0;
  }
}
