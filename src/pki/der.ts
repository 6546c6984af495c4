import { DerError } from './errors.ts';
import { checkPrimitive, checkTag, hasRule } from './der-rules.ts';
import { constructedBit } from './der-tags.ts';

/** One element. It looks into the bytes that were parsed and copies nothing. */
export class DerElement {
  readonly tag: number;
  readonly children: readonly DerElement[];
  readonly #source: Uint8Array;
  readonly #start: number;
  readonly #contentStart: number;
  readonly #end: number;

  constructor(
    source: Uint8Array,
    { tag, start, contentStart, end }: Extent,
    children: readonly DerElement[],
  ) {
    this.tag = tag;
    this.children = children;
    this.#source = source;
    this.#start = start;
    this.#contentStart = contentStart;
    this.#end = end;
  }

  /** Identifier, length and content octets. */
  get bytes(): Uint8Array {
    return this.#source.subarray(this.#start, this.#end);
  }

  get content(): Uint8Array {
    return this.#source.subarray(this.#contentStart, this.#end);
  }
}

interface Extent {
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

export interface DerLimits {
  readonly maxDepth: number;
  readonly maxElements: number;
}

/** Far more than any certificate request needs that we take. */
export const requestLimits: DerLimits = { maxDepth: 16, maxElements: 512 };
export const certificateLimits: DerLimits = { maxDepth: 16, maxElements: 4096 };

/** Most elements have none; one list does for all of them. */
const noChildren: readonly DerElement[] = Object.freeze([]);

interface Open {
  readonly extent: Extent;
  readonly children: DerElement[];
  readonly depth: number;
}

/**
 * Reads `bytes` as exactly one DER element with all that it holds. Strict where X.690 sections 8.1.3
 * and 10 are: definite lengths in their shortest form, no trailing bytes, strings in primitive form;
 * each universal primitive is checked by `checkPrimitive`. Tags above 30 are not read. The work is
 * linear in the length and the memory bounded by `limits`. Throws DerError.
 */
export function parseDer(bytes: Uint8Array, limits: DerLimits): DerElement {
  const outermost = readExtent(bytes, 0, bytes.length);
  if (outermost.end !== bytes.length) {
    throw new DerError('der_trailing_data', 'there are bytes after the outermost element');
  }
  const children: DerElement[] = [];
  const root = new DerElement(bytes, outermost, children);
  if (!isConstructed(outermost)) return root;

  let elements = 1;
  const opened: Open[] = [{ extent: outermost, children, depth: 1 }];
  for (let open = opened.pop(); open !== undefined; open = opened.pop()) {
    if (open.depth >= limits.maxDepth) {
      throw new DerError('der_too_deep', `elements are nested deeper than ${limits.maxDepth}`);
    }
    for (let at = open.extent.contentStart; at < open.extent.end;) {
      const extent = readExtent(bytes, at, open.extent.end);
      elements += 1;
      if (elements > limits.maxElements) {
        throw new DerError('der_too_many_elements', `more than ${limits.maxElements} elements`);
      }
      if (isConstructed(extent)) {
        const inner: DerElement[] = [];
        open.children.push(new DerElement(bytes, extent, inner));
        opened.push({ extent, children: inner, depth: open.depth + 1 });
      } else open.children.push(new DerElement(bytes, extent, noChildren));
      at = extent.end;
    }
  }
  return root;
}

function isConstructed({ tag }: Extent): boolean {
  return (tag & constructedBit) !== 0;
}

function readExtent(bytes: Uint8Array, start: number, limit: number): Extent {
  const tag = byteAt(bytes, start, limit);
  checkTag(tag);
  const first = byteAt(bytes, start + 1, limit);
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
  const contentStart = start + 2 + lengthOctets;
  const length = first < 0x80 ? first : readLongLength(bytes, start + 2, contentStart, limit);
  const end = contentStart + length;
  if (end > limit) throw truncated();
  if (hasRule(tag)) checkPrimitive(tag, bytes.subarray(contentStart, end));
  return { tag, start, contentStart, end };
}

/** X.690 section 10.1: the long form only where the short does not do, and without leading zeros. */
function readLongLength(bytes: Uint8Array, from: number, to: number, limit: number): number {
  if (to === from || to - from > 3) {
    throw new DerError('der_length', 'a length is indefinite or beyond 16 MiB');
  }
  let length = 0;
  for (let at = from; at < to; at += 1) length = length * 256 + byteAt(bytes, at, limit);
  if (length < 0x80 || byteAt(bytes, from, limit) === 0) {
    throw new DerError('der_length', 'a length is not in its shortest form');
  }
  return length;
}

function byteAt(bytes: Uint8Array, at: number, limit: number): number {
  const byte = at < limit ? bytes[at] : undefined;
  if (byte === undefined) throw truncated();
  return byte;
}

function truncated(): DerError {
  return new DerError('der_truncated', 'an element ends after the bytes that hold it');
}
