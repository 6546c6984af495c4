import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { tags } from './der-tags.ts';
import {
  asBuffer,
  objectIdentifier,
  sequenceOf,
  unsignedInteger,
  wholeBytes,
} from './der-values.ts';
import { parseDer, requestLimits } from './der.ts';
import type { DerElement } from './der.ts';

type Curve = 'P-256' | 'P-384' | 'P-521';

/** A SubjectPublicKeyInfo taken apart. Whether the key is any good is for others to say. */
export type SubjectPublicKey =
  | {
      readonly kind: 'rsa';
      /** Big-endian without leading zeros, as is the exponent. */
      readonly modulus: Uint8Array;
      readonly exponent: Uint8Array;
      readonly bits: number;
    }
  | {
      readonly kind: 'ec';
      /** Undefined for a curve that is not one of NIST's three, or that is not named. */
      readonly curve: Curve | undefined;
      readonly point: Uint8Array;
    }
  | { readonly kind: 'ed25519' }
  /** An algorithm not listed here, or one of those with parameters that it does not have. */
  | { readonly kind: 'other'; readonly algorithm: string };

export const rsaEncryption = '1.2.840.113549.1.1.1';
const ecPublicKey = '1.2.840.10045.2.1';
const ed25519 = '1.3.101.112';

/** RFC 5480 section 2.1.1.1. */
const curves: ReadonlyMap<string, Curve> = new Map<string, Curve>([
  ['1.2.840.10045.3.1.7', 'P-256'],
  ['1.3.132.0.34', 'P-384'],
  ['1.3.132.0.35', 'P-521'],
]);

/** RFC 5280 section 4.1.2.7; RSA as in RFC 3279 section 2.3.1, EC as in RFC 5480. Throws DerError. */
export function parseSubjectPublicKey(element: DerElement | undefined): SubjectPublicKey {
  const [algorithm, key] = sequenceOf(element, 2);
  const [identifier, parameters] = sequenceOf(algorithm, 1, 2);
  const bytes = wholeBytes(key);
  const oid = objectIdentifier(identifier);
  switch (oid) {
    case rsaEncryption:
      return parameters?.tag === tags.null ? rsaKey(bytes) : { kind: 'other', algorithm: oid };
    case ecPublicKey:
      return { kind: 'ec', curve: namedCurve(parameters), point: bytes };
    case ed25519:
      return parameters === undefined ? { kind: 'ed25519' } : { kind: 'other', algorithm: oid };
    default:
      return { kind: 'other', algorithm: oid };
  }
}

/**
 * The key as node:crypto has it; undefined when OpenSSL does not take it, as with a point that is
 * not on its curve. Import costs time that grows with the key: have a policy first.
 */
export function importPublicKey(spkiDer: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: asBuffer(spkiDer), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function rsaKey(bytes: Uint8Array): SubjectPublicKey {
  const [first, second] = sequenceOf(parseDer(bytes, requestLimits), 2);
  const modulus = unsignedInteger(first);
  const leading = modulus[0] ?? 0;
  const bits = modulus.length * 8 - (leading === 0 ? 8 : Math.clz32(leading) - 24);
  return { kind: 'rsa', modulus, exponent: unsignedInteger(second), bits };
}

function namedCurve(parameters: DerElement | undefined): Curve | undefined {
  return parameters?.tag === tags.oid ? curves.get(objectIdentifier(parameters)) : undefined;
}
