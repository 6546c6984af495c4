/** What stands for every value beyond the bound. */
export const otherValue = 'other';

/** Longer values are no names of ours or of Kubernetes'. */
const maxLength = 256;

/**
 * Lets so many different values of a label through and no more, since each one costs memory for as
 * long as the process lives. The first to come stay; all others are `other`.
 */
export class BoundedLabel {
  readonly #max: number;
  readonly #known = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max || value.length > maxLength) return otherValue;
    this.#known.add(value);
    return value;
  }
}
