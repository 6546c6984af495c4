export interface FlappingOptions {
  /** So many unwanted changes in `withinMs` are tolerated; with one more the object flaps. */
  readonly tolerated: number;
  readonly withinMs: number;
  /** The least between two writes of an object that flaps. */
  readonly slowToMs: number;
}

interface WriteHistory {
  /** The newest unwanted changes, `tolerated` + 1 at most; monotonic. */
  changedAt: readonly number[];
  isFlapping: boolean;
}

/**
 * Detects objects that another writer changes back again and again: two writers who each correct the other
 * at once would load the API server for ever, so that the wiser one slows down.
 */
export class FlappingDetector {
  readonly #options: FlappingOptions;
  readonly #histories = new Map<string, WriteHistory>();
  #detected = 0;

  constructor(options: FlappingOptions) {
    this.#options = options;
  }

  /** How often an object began to flap; it only grows. */
  get detected(): number {
    return this.#detected;
  }

  /** Notes a change that we did not want; true when the object begins to flap with it. */
  note(key: string, now: number): boolean {
    const history = this.#historyOf(key, now) ?? { changedAt: [], isFlapping: false };
    this.#histories.set(key, history);
    history.changedAt = [...history.changedAt, now].slice(-(this.#options.tolerated + 1));
    if (history.isFlapping || history.changedAt.length <= this.#options.tolerated) return false;
    history.isFlapping = true;
    this.#detected += 1;
    return true;
  }

  /** How long the next write has to wait from `now` on. */
  holdMs(key: string, now: number): number {
    const history = this.#historyOf(key, now);
    const last = history?.changedAt.at(-1);
    if (history?.isFlapping !== true || last === undefined) return 0;
    return Math.max(0, last + this.#options.slowToMs - now);
  }

  forget(key: string): void {
    this.#histories.delete(key);
  }

  /** Slow flapping has fewer changes in it: it is over when there was none at all for so long. */
  #historyOf(key: string, now: number): WriteHistory | undefined {
    const history = this.#histories.get(key);
    if (history === undefined) return undefined;
    history.changedAt = history.changedAt.filter((at) => now - at < this.#options.withinMs);
    if (history.changedAt.length > 0) return history;
    this.#histories.delete(key);
    return undefined;
  }
}
