import type { ChainLink } from './hash-chain.ts';

/** What is wrong with how a line stands in its chain. */
export type ChainFault =
  | { readonly kind: 'missing'; readonly fromSeq: number; readonly toSeq: number }
  /** The line is not the one whose hash its successor holds: one of the two was changed. */
  | { readonly kind: 'altered'; readonly seq: number }
  | { readonly kind: 'reordered'; readonly seq: number }
  | { readonly kind: 'repeated'; readonly seq: number };

/** A line's link and the hash of the line itself. */
export interface HashedLink extends ChainLink {
  readonly hash: string;
}

/** Numbers that did not come (yet), and what the lines beside them say of them. */
interface Gap {
  readonly from: number;
  readonly to: number;
  /** Hash of the line before; null before the first of a chain. */
  readonly hashBefore: string | null;
  /** What the line after holds as the hash of its predecessor. */
  readonly prevAfter: string | null;
  /** Whether it lies before all that was read: rotated away, most likely. */
  readonly beforeStart: boolean;
}

/** Older ones are reported as missing for good, so that memory stays bounded. */
const maxOpenGaps = 1_000;

/** Checks one chain line by line: memory does not grow with its length. */
export class ChainCheck {
  readonly firstSeq: number;
  lines = 0;
  #last: HashedLink;
  #gaps: Gap[] = [];

  /** `first` is to be added too. Where `mayBeginLate`, the lines before it are not called missing. */
  constructor(first: HashedLink, mayBeginLate: boolean) {
    this.firstSeq = first.seq;
    this.#last = { ...first, seq: first.seq - 1, hash: first.prev ?? '' };
    if (first.seq > 1) {
      this.#gaps.push({
        from: 1,
        to: first.seq - 1,
        beforeStart: mayBeginLate,
        hashBefore: null,
        prevAfter: first.prev,
      });
    }
  }

  get lastSeq(): number {
    return this.#last.seq;
  }

  get lastHash(): string {
    return this.#last.hash;
  }

  /** Takes the chain's next line (the first one included); returns what it shows to be wrong. */
  add(link: HashedLink): readonly ChainFault[] {
    this.lines += 1;
    if (link.seq <= this.#last.seq) return this.#late(link);
    const last = this.#last;
    this.#last = link;
    if (link.seq === last.seq + 1) return follows(link, last.hash) ? [] : [altered(last.seq)];
    this.#gaps.push({
      from: last.seq + 1,
      to: link.seq - 1,
      beforeStart: false,
      hashBefore: last.hash,
      prevAfter: link.prev,
    });
    return this.#gaps.length > maxOpenGaps ? missing(this.#gaps.splice(0, 1)) : [];
  }

  /** To be called after the last line: the numbers that never came. */
  missing(): readonly ChainFault[] {
    return missing(this.#gaps);
  }

  #late(link: HashedLink): readonly ChainFault[] {
    const { seq } = link;
    const index = this.#gaps.findIndex((gap) => gap.from <= seq && seq <= gap.to);
    const gap = this.#gaps[index];
    if (gap === undefined) return [{ kind: 'repeated', seq }];
    const before: Gap = { ...gap, to: seq - 1, prevAfter: link.prev };
    const after: Gap = { ...gap, from: seq + 1, hashBefore: link.hash, beforeStart: false };
    const rest = [before, after].filter(({ from, to }) => from <= to);
    this.#gaps.splice(index, 1, ...rest);
    const faults: ChainFault[] = [{ kind: 'reordered', seq }];
    if (seq === gap.from && link.prev !== gap.hashBefore) faults.push(altered(seq - 1));
    if (seq === gap.to && link.hash !== gap.prevAfter) faults.push(altered(seq));
    return faults;
  }
}

/** The first line of a chain has no predecessor, and says so. */
function follows({ seq, prev }: HashedLink, hashBefore: string): boolean {
  return seq === 1 ? prev === null : prev === hashBefore;
}

function altered(seq: number): ChainFault {
  return { kind: 'altered', seq };
}

function missing(gaps: readonly Gap[]): readonly ChainFault[] {
  return gaps
    .filter((gap) => !gap.beforeStart)
    .map(({ from, to }) => ({ kind: 'missing', fromSeq: from, toSeq: to }));
}
