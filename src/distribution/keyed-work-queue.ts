import { fullJitterMs } from '../base/backoff.ts';
import type { BackoffOptions, Random } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';

/** What work on a key came to; `againInMs` puts it off: nothing begins with the key before that. */
export interface WorkOutcome {
  readonly againInMs: number | undefined;
}

export interface KeyedWorkQueueOptions {
  /**
   * Makes right what belongs to the key, as it stands when it is called. What it throws is told to
   * `onFailure` and the key is tried again later, unless `signal` has aborted.
   */
  readonly work: (key: string, signal: AbortSignal) => Promise<WorkOutcome>;
  readonly onFailure: (key: string, error: unknown) => void;
  /** How many keys are worked on at once. */
  readonly concurrency: number;
  /** How many keys there may be, waiting or being worked on. */
  readonly maxKeys: number;
  readonly backoff: BackoffOptions;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Work to be done by key: a key that waits is there once, however often it is added, and two never work
 * on one key. A key that failed, or was put off, is not begun before its time even when it is added.
 */
export class KeyedWorkQueue implements Stoppable {
  readonly #options: KeyedWorkQueueOptions;
  readonly #stopping = new AbortController();
  /** In the order in which they are begun. */
  readonly #ready = new Set<string>();
  readonly #delayed = new Map<string, Timer>();
  readonly #running = new Map<string, Promise<void>>();
  /** Added while they were worked on. */
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();

  constructor(options: KeyedWorkQueueOptions) {
    this.#options = options;
  }

  /** How many keys wait or are worked on. */
  get size(): number {
    return this.#ready.size + this.#delayed.size + this.#running.size;
  }

  /** False where there are too many keys, or it was stopped: nothing will be done about this one. */
  add(key: string): boolean {
    if (this.#stopping.signal.aborted) return false;
    if (this.#ready.has(key) || this.#delayed.has(key)) return true;
    if (this.#running.has(key)) {
      this.#again.add(key);
      return true;
    }
    if (this.size >= this.#options.maxKeys) return false;
    this.#ready.add(key);
    this.#pump();
    return true;
  }

  /** Takes a key out that waits, and forgets its failures; work on it that has begun goes on. */
  forget(key: string): void {
    this.#ready.delete(key);
    this.#again.delete(key);
    this.#failures.delete(key);
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  /** Aborts what is worked on and waits until it has ended; nothing begins any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the work was stopped'));
    for (const timer of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#ready.clear();
    this.#again.clear();
    await Promise.all(this.#running.values());
  }

  #pump(): void {
    while (this.#running.size < this.#options.concurrency) {
      const [key] = this.#ready;
      if (key === undefined || this.#stopping.signal.aborted) return;
      this.#ready.delete(key);
      this.#running.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    const againInMs = await this.#tryOnce(key);
    this.#running.delete(key);
    const wasAdded = this.#again.delete(key);
    if (this.#stopping.signal.aborted) return;
    if (againInMs !== undefined) this.#delay(key, againInMs);
    else if (wasAdded) this.#ready.add(key);
    this.#pump();
  }

  async #tryOnce(key: string): Promise<number | undefined> {
    const { work, onFailure, backoff, random } = this.#options;
    const { signal } = this.#stopping;
    await Promise.resolve(); // The caller enters the key as running first.
    try {
      const { againInMs } = await work(key, signal);
      this.#failures.delete(key);
      return againInMs;
    } catch (error) {
      if (signal.aborted) return undefined;
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      onFailure(key, error);
      return backoff.firstMs / 2 + fullJitterMs(failures, backoff, random);
    }
  }

  #delay(key: string, ms: number): void {
    const timer = this.#options.clock.timer(ms, () => {
      this.#delayed.delete(key);
      this.#ready.add(key);
      this.#pump();
    });
    this.#delayed.set(key, timer);
  }
}
