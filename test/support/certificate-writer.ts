import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import {
  algorithm,
  ecdsaWithSha256,
  extension,
  sha256WithRsa,
  spkiOf,
  storedKey,
  uriName,
} from './csr-writer.ts';
import * as der from './der-writer.ts';

/** A Name with one common name. */
export function commonName(name: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid('2.5.4.3'), der.utf8String(name))));
}

export const utcTime = (text: string): Buffer => der.element(0x17, Buffer.from(text));
export const keyUsage = (octet: number, unusedBits: number): Buffer =>
  extension('2.5.29.15', der.bitString(Buffer.from([octet]), unusedBits), true);
export const basicConstraints = (...items: readonly Buffer[]): Buffer =>
  extension('2.5.29.19', der.sequence(...items), true);
export const subjectAltNames = (...names: readonly Buffer[]): Buffer =>
  extension('2.5.29.17', der.sequence(...names), true);

/** An authority with no limit but that it may sign certificates. */
export const authorityExtensions = (): readonly Buffer[] => [
  basicConstraints(der.boolean(0xff)),
  keyUsage(0x06, 1),
];

export interface CertificateParts {
  /** Signs. */
  readonly issuerKey?: KeyObject;
  readonly hash?: string;
  readonly version?: Uint8Array;
  readonly serialNumber?: Uint8Array;
  readonly signedAlgorithm?: Uint8Array;
  readonly algorithm?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly notBefore?: Uint8Array;
  readonly notAfter?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly spki?: Uint8Array;
  /** Extension elements; what follows takes precedence. */
  readonly extensions?: readonly Uint8Array[];
  /** All that follows the public key. */
  readonly optionalFields?: readonly Uint8Array[];
}

/** A certificate in DER, element by element, for what the builder of the program cannot make. */
export function writeCertificate(parts: CertificateParts = {}): Buffer {
  const { issuerKey, hash, algorithm: named, ...fields } = withDefaults(parts);
  const info = der.sequence(
    fields.version,
    fields.serialNumber,
    fields.signedAlgorithm,
    fields.issuer,
    der.sequence(fields.notBefore, fields.notAfter),
    fields.subject,
    fields.spki,
    ...fields.optionalFields,
  );
  return der.sequence(info, named, der.bitString(sign(hash, info, issuerKey)));
}

function withDefaults(parts: CertificateParts): Required<CertificateParts> {
  const issuerKey = parts.issuerKey ?? storedKey('ec-p256');
  const named = parts.algorithm ?? defaultAlgorithm(issuerKey);
  const extensions = parts.extensions ?? [subjectAltNames(uriName('spiffe://td/ns/a/sa/b'))];
  return {
    issuerKey,
    hash: 'sha256',
    version: der.context(0, der.integer(2)),
    serialNumber: der.integer(4711),
    signedAlgorithm: named,
    algorithm: named,
    issuer: commonName('root'),
    notBefore: utcTime('260101000000Z'),
    notAfter: utcTime('270101000000Z'),
    subject: der.sequence(),
    spki: spkiOf(storedKey('ec-p256-other')),
    extensions,
    optionalFields: [der.context(3, der.sequence(...extensions))],
    ...parts,
  };
}

function defaultAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'rsa'
    ? algorithm(sha256WithRsa, der.nullValue())
    : algorithm(ecdsaWithSha256);
}
