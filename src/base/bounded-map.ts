/**
 * A map of at most `max` entries. `set` puts an entry at the end, also one that was there; where there are
 * too many, the first goes: the one that was set longest ago.
 */
export class BoundedMap<V> extends Map<string, V> {
  readonly #max: number;
  #evicted = 0;

  constructor(max: number) {
    super();
    this.#max = max;
  }

  /** How many entries had to go so far. */
  get evicted(): number {
    return this.#evicted;
  }

  override set(key: string, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size <= this.#max) return this;
    const [oldest] = this.keys();
    if (oldest !== undefined && this.delete(oldest)) this.#evicted += 1;
    return this;
  }

  /** The value of that key where it stands, or what `make` returns, set. */
  getOrMake(key: string, make: () => V): V {
    const known = this.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.set(key, value);
    return value;
  }
}
