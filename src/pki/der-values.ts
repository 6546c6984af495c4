import { DerError } from './errors.ts';
import { tags } from './der-tags.ts';
import type { DerElement } from './der.ts';

/** Throws DerError unless `element` is there and has that tag. */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) {
    const found = element === undefined ? 'nothing' : `0x${element.tag.toString(16)}`;
    throw new DerError('der_tag', `expected an element 0x${tag.toString(16)}, found ${found}`);
  }
  return element;
}

/** The children of a SEQUENCE. Throws DerError when it is none or their number is out of range. */
export function sequenceOf(
  element: DerElement | undefined,
  min: number,
  max = min,
): readonly DerElement[] {
  const { children } = expectTag(element, tags.sequence);
  if (children.length < min || children.length > max) {
    throw new DerError('der_value', `a SEQUENCE has ${children.length} elements`);
  }
  return children;
}

/** The magnitude of a non-negative INTEGER, big-endian without the sign octet. Throws DerError. */
export function unsignedInteger(element: DerElement | undefined): Uint8Array {
  const content = expectTag(element, tags.integer).content;
  const first = content[0] ?? 0;
  if (first >= 0x80) throw new DerError('der_value', 'an INTEGER is negative');
  return first === 0 && content.length > 1 ? content.subarray(1) : content;
}

/** An INTEGER between 0 and 2^31-1. Throws DerError. */
export function smallInteger(element: DerElement | undefined): number {
  const magnitude = unsignedInteger(element);
  if (magnitude.length > 4) throw new DerError('der_value', 'an INTEGER is too large');
  const value = magnitude.reduce((sum, byte) => sum * 256 + byte, 0);
  if (value > 0x7fff_ffff) throw new DerError('der_value', 'an INTEGER is too large');
  return value;
}

/** The bytes of a BIT STRING that holds whole bytes, as keys and signatures do. Throws DerError. */
export function wholeBytes(element: DerElement | undefined): Uint8Array {
  const content = expectTag(element, tags.bitString).content;
  if (content[0] !== 0) throw new DerError('der_value', 'a BIT STRING does not hold whole bytes');
  return content.subarray(1);
}

/** The numbers of the bits that are set in a BIT STRING of named bits (X.690 section 11.2.2). */
export function namedBits(element: DerElement | undefined): readonly number[] {
  const content = expectTag(element, tags.bitString).content;
  const unusedBits = content[0] ?? 0;
  const last = content.at(-1) ?? 0;
  if (content.length > 1 && (last & (1 << unusedBits)) === 0) {
    throw new DerError('der_value', 'a BIT STRING of named bits has trailing zero bits');
  }
  const isSet = (bit: number): boolean =>
    ((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0;
  return Array.from({ length: (content.length - 1) * 8 }, (_, bit) => bit).filter(isSet);
}

/** X.660 allows arcs of any size; nobody needs longer identifiers than this, in bytes. */
const maxOidLength = 64;

/** An OBJECT IDENTIFIER in dotted form (X.690 section 8.19). Throws DerError. */
export function objectIdentifier(element: DerElement | undefined): string {
  const content = expectTag(element, tags.oid).content;
  if (content.length > maxOidLength) throw new DerError('der_value', 'an OID is too long');
  return smallArcs(content) ?? anyArcs(content);
}

/** Arcs that a number holds exactly, as nearly all are; undefined where one is larger. */
function smallArcs(content: Uint8Array): string | undefined {
  let text = '';
  let arc = 0;
  for (const byte of content) {
    if (arc > maxBeforeShift) return undefined;
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    text = text === '' ? firstTwo(arc) : `${text}.${arc}`;
    arc = 0;
  }
  return text;
}

const maxBeforeShift = (Number.MAX_SAFE_INTEGER - 0x7f) / 128;

/** The first two arcs stand in one number. */
function firstTwo(joined: number): string {
  const root = Math.min(2, Math.floor(joined / 40));
  return `${root}.${joined - root * 40}`;
}

function anyArcs(content: Uint8Array): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [joined = 0n, ...rest] = arcs;
  const root = joined >= 80n ? 2n : joined / 40n;
  return [root, joined - root * 40n, ...rest].join('.');
}

/** Bytes as text when all are printable ASCII without the space; undefined otherwise. */
export function visibleAscii(bytes: Uint8Array): string | undefined {
  return bytes.every((byte) => byte > 0x20 && byte < 0x7f)
    ? asBuffer(bytes).toString('latin1')
    : undefined;
}

/** The same bytes as a Buffer, not copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return asBuffer(a).equals(b);
}
