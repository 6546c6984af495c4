/** Somebody who waits. */
export interface Waiting<T> {
  /** Those of one key are served in the order in which they came, the keys in turn. */
  readonly key: string;
  readonly item: T;
  /** What waiting costs us, at least 1; bytes, or 1 where only the number counts. */
  readonly cost: number;
}

interface Line<T> {
  readonly waiting: Set<Waiting<T>>;
  cost: number;
}

/**
 * A bounded queue with one line for each key; `next` takes the heads of the lines in turn. When
 * it is full, whoever comes last in the line that costs most has to go, so that one key's flood leaves
 * the others their places.
 */
export class FairQueue<T> {
  readonly #maxCost: number;
  /** In the order of their turns. */
  readonly #lines = new Map<string, Line<T>>();
  #cost = 0;
  #size = 0;

  constructor(options: { readonly maxCost: number }) {
    this.#maxCost = options.maxCost;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** What all that wait cost together. */
  get cost(): number {
    return this.#cost;
  }

  /** Takes `entry` in and returns who had to go for it: nobody, some others, or `entry` itself. */
  join(entry: Waiting<T>): readonly Waiting<T>[] {
    const gone: Waiting<T>[] = [];
    while (this.#cost + entry.cost > this.#maxCost) {
      const last = this.#lastOfHeaviest(entry);
      gone.push(last);
      if (last === entry) return gone;
      this.leave(last);
    }
    const line = this.#lines.get(entry.key) ?? { waiting: new Set<Waiting<T>>(), cost: 0 };
    this.#lines.set(entry.key, line);
    line.waiting.add(entry);
    this.#count(line, entry, 1);
    return gone;
  }

  /** Takes `entry` out wherever it stands; false where it does not wait any more. */
  leave(entry: Waiting<T>): boolean {
    const line = this.#lines.get(entry.key);
    if (line?.waiting.delete(entry) !== true) return false;
    this.#count(line, entry, -1);
    if (line.waiting.size === 0) this.#lines.delete(entry.key);
    return true;
  }

  /** Takes out whose turn it is among the keys that may go; undefined where there is none. */
  next(mayGo: (key: string) => boolean = () => true): Waiting<T> | undefined {
    for (const [key, line] of this.#lines) {
      if (!mayGo(key)) continue;
      const [entry] = line.waiting;
      if (entry === undefined) continue;
      this.leave(entry);
      if (this.#lines.delete(key)) this.#lines.set(key, line);
      return entry;
    }
    return undefined;
  }

  /** Whose turn it is; it stays. */
  get first(): Waiting<T> | undefined {
    const [line] = this.#lines.values();
    const [entry] = line?.waiting ?? [];
    return entry;
  }

  /** The heads of each line for as long as `isWanted` holds of them; they stay. */
  *heads(isWanted: (item: T) => boolean): Iterable<Waiting<T>> {
    for (const { waiting } of this.#lines.values()) {
      for (const entry of waiting) {
        if (!isWanted(entry.item)) break;
        yield entry;
      }
    }
  }

  /** Empties the queue and returns who waited. */
  clear(): readonly Waiting<T>[] {
    const all = [...this.#lines.values()].flatMap(({ waiting }) => [...waiting]);
    for (const entry of all) this.leave(entry);
    return all;
  }

  /** The newcomer itself unless another line would cost more than its own with it. */
  #lastOfHeaviest(newcomer: Waiting<T>): Waiting<T> {
    const own = (this.#lines.get(newcomer.key)?.cost ?? 0) + newcomer.cost;
    let heaviest: Line<T> | undefined;
    for (const line of this.#lines.values()) {
      if (line.cost > (heaviest?.cost ?? own)) heaviest = line;
    }
    return [...(heaviest?.waiting ?? [])].at(-1) ?? newcomer;
  }

  #count(line: Line<T>, { cost }: Waiting<T>, sign: 1 | -1): void {
    line.cost += sign * cost;
    this.#cost += sign * cost;
    this.#size += sign;
  }
}
