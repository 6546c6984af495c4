import { DerError } from './errors.ts';
import { classBits, constructedBit, tags } from './der-tags.ts';

const sequenceNumber = 0x10;
const setNumber = 0x11;
/** BOOLEAN to OBJECT IDENTIFIER, ENUMERATED, UTF8String, and the strings and times of X.680. */
const primitiveNumbers = new Set([
  1, 2, 3, 4, 5, 6, 10, 12, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30,
]);

/**
 * Universal types come in the one form that DER leaves them: SEQUENCE and SET constructed, all others
 * primitive (X.690 section 10.2). Throws DerError.
 */
export function checkTag(tag: number): void {
  const number = tag & 0x1f;
  if (number === 0x1f) throw new DerError('der_tag', 'a tag number is beyond 30');
  if ((tag & classBits) !== 0) return;
  const isContainer = number === sequenceNumber || number === setNumber;
  const known = isContainer || primitiveNumbers.has(number);
  const constructed = (tag & constructedBit) !== 0;
  if (!known || constructed !== isContainer) {
    throw new DerError('der_tag', `the identifier octet 0x${tag.toString(16)} is not of DER`);
  }
}

type Rule = (content: Uint8Array) => boolean;

const rules: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [tags.boolean, isBoolean],
  [tags.integer, isInteger],
  [tags.enumerated, isInteger],
  [tags.bitString, isBitString],
  [tags.null, (content) => content.length === 0],
  [tags.oid, isObjectIdentifier],
]);

/** Whether the content of elements with this tag can be wrong by itself. */
export function hasRule(tag: number): boolean {
  return rules.has(tag);
}

/** Throws DerError when the content of a universal primitive is not in its one encoding. */
export function checkPrimitive(tag: number, content: Uint8Array): void {
  if (rules.get(tag)?.(content) === false) {
    throw new DerError('der_value', `the content of an element 0x${tag.toString(16)} is not DER`);
  }
}

/** X.690 section 11.1. */
function isBoolean(content: Uint8Array): boolean {
  return content.length === 1 && (content[0] === 0x00 || content[0] === 0xff);
}

/** X.690 section 8.3.2: the first nine bits are neither all zero nor all one. */
function isInteger(content: Uint8Array): boolean {
  const [first, second] = content;
  if (first === undefined || second === undefined) return first !== undefined;
  return !(first === 0x00 && second < 0x80) && !(first === 0xff && second >= 0x80);
}

/** X.690 sections 8.6.2 and 11.2.1: at most seven unused bits, all zero. */
function isBitString(content: Uint8Array): boolean {
  const unusedBits = content[0];
  if (unusedBits === undefined || unusedBits > 7) return false;
  if (content.length === 1) return unusedBits === 0;
  return ((content.at(-1) ?? 0) & ((1 << unusedBits) - 1)) === 0;
}

/** X.690 section 8.19.2: every arc is whole and in its shortest form. */
function isObjectIdentifier(content: Uint8Array): boolean {
  let opensArc = true;
  for (const byte of content) {
    if (opensArc && byte === 0x80) return false;
    opensArc = byte < 0x80;
  }
  return content.length > 0 && opensArc;
}
