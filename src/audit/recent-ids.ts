import { hash } from 'node:crypto';

/**
 * Remembers at least the last `capacity` ids and never more than twice as many, as 72 bits of their
 * hash each. The older generation is forgotten when the younger is full.
 */
export class RecentIds {
  readonly #capacity: number;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Remembers the id; true when it was known. */
  add(id: string): boolean {
    // So short a piece is copied by V8; a longer one would keep the whole hash alive.
    const mark = hash('sha256', id, 'base64url').slice(0, 12);
    if (this.#old.has(mark) || this.#young.has(mark)) return true;
    this.#young.add(mark);
    if (this.#young.size === this.#capacity) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    return false;
  }
}
