import { randomBytes } from 'node:crypto';
import type { AuditLine } from './audit-line.ts';
import { asciiJson, sha256 } from './audit-text.ts';

/** The place of a line in its chain. */
export interface ChainLink {
  /** A random name; each line carries it, so that chains which were mixed can be told apart. */
  readonly chain: string;
  /** Counts from 1, over restarts and rotations. */
  readonly seq: number;
  /** SHA-256 of the line before, as hexadecimal; null in the first. */
  readonly prev: string | null;
}

/** The newest line of a chain. */
export interface ChainHead {
  readonly chain: string;
  readonly seq: number;
  /** SHA-256 of the line's bytes without the newline, as hexadecimal. */
  readonly hash: string;
}

/**
 * Numbers lines and ties each to the one before, so that a line which is missing, moved or changed
 * shows. It proves nothing against somebody who can write the whole file anew: for that, keep heads
 * in another place.
 */
export class HashChain {
  readonly #chain: string;
  #seq: number;
  #hash: string | null;

  /** Goes on after `head`, or begins a chain with a name of 128 random bits. */
  constructor(head: ChainHead | undefined) {
    this.#chain = head?.chain ?? randomBytes(16).toString('base64url');
    this.#seq = head?.seq ?? 0;
    this.#hash = head?.hash ?? null;
  }

  /** The line as bytes, newline included; it is the chain's newest from now on. */
  seal(line: AuditLine): Buffer {
    const link: ChainLink = { seq: this.#seq + 1, chain: this.#chain, prev: this.#hash };
    const text = asciiJson({ ...link, ...line });
    this.#seq = link.seq;
    this.#hash = sha256(text);
    return Buffer.from(`${text}\n`, 'latin1');
  }

  /** Undefined before the first line. */
  get head(): ChainHead | undefined {
    if (this.#hash === null) return undefined;
    return { chain: this.#chain, seq: this.#seq, hash: this.#hash };
  }
}

/** A line that was read back. */
export type ReadLine =
  | { readonly kind: 'line'; readonly link: ChainLink; readonly fields: ReadFields }
  /** A JSON object, but none of ours: a log line on the same stream. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unreadable' };

export type ReadFields = Readonly<Record<string, unknown>>;

/** Reads a line without its newline; never throws. */
export function readLine(text: string): ReadLine {
  const fields = readObject(text);
  if (fields === undefined) return { kind: 'unreadable' };
  const { chain, seq, prev } = fields;
  if (chain === undefined || seq === undefined || prev === undefined) return { kind: 'foreign' };
  if (!isChainName(chain) || !isSequenceNumber(seq) || !isPrevious(prev)) {
    return { kind: 'unreadable' };
  }
  return { kind: 'line', link: { chain, seq, prev }, fields };
}

function readObject(text: string): ReadFields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as ReadFields) : undefined;
  } catch {
    return undefined;
  }
}

function isChainName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 64;
}

function isSequenceNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function isPrevious(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && value.length === 64);
}
