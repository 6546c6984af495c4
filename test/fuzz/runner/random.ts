/** A stream of choices that its seed determines (Chris Doty-Humphrey's sfc32, 128 bits of state). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** The same words, the same choices. */
  constructor(...words: readonly number[]) {
    let mixed = 0x9e37_79b9;
    for (const word of words) mixed = scramble(mixed ^ word);
    this.#a = mixed;
    this.#b = scramble(mixed + 1);
    this.#c = scramble(mixed + 2);
    for (let round = 0; round < 12; round += 1) this.uint32();
  }

  uint32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** From 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * limit);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly [T, ...T[]]): T;
  pick<T>(items: readonly T[]): T | undefined;
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** Choices of its own for one step, so that leaving the step out changes no other. */
  fork(): Random {
    return new Random(this.uint32(), this.uint32());
  }
}

/** The finalizer of MurmurHash3: each bit of the word reaches all of the result. */
function scramble(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
