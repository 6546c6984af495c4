export interface FightsOptions {
  /** So many unwanted changes in `withinMs` are borne; with one more it is a fight. */
  readonly borne: number;
  readonly withinMs: number;
  /** The least between two writes while there is a fight. */
  readonly slowToMs: number;
}

interface Bout {
  /** The newest unwanted changes, `borne` + 1 at most; monotonic. */
  changedAt: readonly number[];
  isFight: boolean;
}

/**
 * Where somebody else changes what we keep, again and again: two writers who each correct the other at
 * once would load the API server for ever, so that the wiser one slows down.
 */
export class Fights {
  readonly #options: FightsOptions;
  readonly #bouts = new Map<string, Bout>();
  #begun = 0;

  constructor(options: FightsOptions) {
    this.#options = options;
  }

  /** How many fights there have been; it only grows. */
  get begun(): number {
    return this.#begun;
  }

  /** Notes a change that we did not want; true when a fight begins with it. */
  note(key: string, now: number): boolean {
    const bout = this.#boutOf(key, now) ?? { changedAt: [], isFight: false };
    this.#bouts.set(key, bout);
    bout.changedAt = [...bout.changedAt, now].slice(-(this.#options.borne + 1));
    if (bout.isFight || bout.changedAt.length <= this.#options.borne) return false;
    bout.isFight = true;
    this.#begun += 1;
    return true;
  }

  /** How long the next write has to wait from `now` on. */
  holdMs(key: string, now: number): number {
    const bout = this.#boutOf(key, now);
    const last = bout?.changedAt.at(-1);
    if (bout?.isFight !== true || last === undefined) return 0;
    return Math.max(0, last + this.#options.slowToMs - now);
  }

  forget(key: string): void {
    this.#bouts.delete(key);
  }

  /** A slow fight has fewer changes in it: it is over when there was none at all for so long. */
  #boutOf(key: string, now: number): Bout | undefined {
    const bout = this.#bouts.get(key);
    if (bout === undefined) return undefined;
    bout.changedAt = bout.changedAt.filter((at) => now - at < this.#options.withinMs);
    if (bout.changedAt.length > 0) return bout;
    this.#bouts.delete(key);
    return undefined;
  }
}
