/** Each bucket ends a tenth above the one before, so that a quantile is right within ten percent. */
const growth = 1.1;
const minMs = 0.05;
/** The last one ends beyond ten minutes; whatever takes longer is counted there. */
const bucketCount = 172;

/** How long something took, counted in buckets: a bound of memory whatever the load. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(bucketCount);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  record(ms: number): void {
    const at = Math.ceil(Math.log(Math.max(ms, minMs) / minMs) / Math.log(growth));
    const bucket = Math.min(bucketCount - 1, Math.max(0, at));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total += 1;
  }

  add(other: LatencyHistogram): void {
    other.#counts.forEach((count, at) => {
      this.#counts[at] = (this.#counts[at] ?? 0) + count;
    });
    this.#total += other.#total;
  }

  /** The end of the bucket that the quantile falls into, in milliseconds; undefined of nothing. */
  quantile(quantile: number): number | undefined {
    if (this.#total === 0) return undefined;
    let left = Math.max(1, Math.ceil(quantile * this.#total));
    const at = this.#counts.findIndex((count) => (left -= count) <= 0);
    return Math.round(minMs * growth ** at * 100) / 100;
  }
}
