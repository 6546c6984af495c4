import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as der from './der-writer.ts';

/** The stored private keys of test/fixtures/pki, read once each. */
export function storedKey(name: string): KeyObject {
  const known = storedKeys.get(name);
  if (known !== undefined) return known;
  const file = new URL(`../fixtures/pki/${name}.pem`, import.meta.url);
  const key = createPrivateKey(readFileSync(file, 'utf8'));
  storedKeys.set(name, key);
  return key;
}

const storedKeys = new Map<string, KeyObject>();

export function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

export const workloadUri = 'spiffe://cluster.local/ns/foo/sa/httpbin';

const oids = {
  extensionRequest: '1.2.840.113549.1.9.14',
  subjectAltName: '2.5.29.17',
  organization: '2.5.4.10',
} as const;

/** One RDN with one attribute; `value` is an element of any string type. */
export function rdn(type: string, value: Uint8Array): Buffer {
  return der.set(der.sequence(der.oid(type), value));
}

const emptySubject = (): Buffer => der.sequence();
export const emptyOrganization = (): Buffer =>
  der.sequence(rdn(oids.organization, der.printableString('')));

export function uriName(uri: string | Uint8Array): Buffer {
  return der.contextPrimitive(6, typeof uri === 'string' ? Buffer.from(uri) : uri);
}

/** An Extension; `critical` is left out, TRUE, or the octet that is given. */
export function extension(
  type: string,
  value: Uint8Array,
  critical: boolean | number = false,
): Buffer {
  const octet = typeof critical === 'number' ? critical : 0xff;
  const flag = critical === false ? [] : [der.boolean(octet)];
  return der.sequence(der.oid(type), ...flag, der.octetString(value));
}

export function sanExtension(
  names: readonly Uint8Array[],
  critical: boolean | number = true,
): Buffer {
  return extension(oids.subjectAltName, der.sequence(...names), critical);
}

/** The attribute that carries extensions; `values` are whole Extensions elements. */
export function extensionRequest(...values: readonly Uint8Array[]): Buffer {
  return der.sequence(der.oid(oids.extensionRequest), der.set(...values));
}

/** An AlgorithmIdentifier without parameters, or with what is given. */
export function algorithm(type: string, ...parameters: readonly Uint8Array[]): Buffer {
  return der.sequence(der.oid(type), ...parameters);
}

export const sha256WithRsa = '1.2.840.113549.1.1.11';
export const ecdsaWithSha256 = '1.2.840.10045.4.3.2';

export interface CsrParts {
  /** Signs, and gives the public key. */
  readonly key?: KeyObject;
  readonly hash?: string;
  readonly version?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly spki?: Uint8Array;
  /** The names of the one subjectAltName; the next three take precedence in turn. */
  readonly names?: readonly Uint8Array[];
  readonly extensions?: readonly Uint8Array[];
  readonly attributes?: readonly Uint8Array[];
  /** The last element of the signed part; null leaves it out. */
  readonly attributesElement?: Uint8Array | null;
  readonly signatureAlgorithm?: Uint8Array;
  /** Changes the signed part as a whole, before it is signed. */
  readonly mutateSigned?: (signed: Buffer) => Uint8Array;
  readonly signature?: (signed: Uint8Array) => Uint8Array;
}

/** A PKCS#10 request in DER, signed over whatever the parts make of it. */
export function writeCsr(parts: CsrParts = {}): Buffer {
  const { key = storedKey('ec-p256'), hash = 'sha256' } = parts;
  const info = writeInfo(parts, key);
  const signed = parts.mutateSigned?.(info) ?? info;
  const signature = parts.signature?.(signed) ?? sign(hash, signed, key);
  return der.sequence(
    signed,
    parts.signatureAlgorithm ?? defaultAlgorithm(key),
    der.bitString(signature),
  );
}

function writeInfo(parts: CsrParts, key: KeyObject): Buffer {
  const { names = [uriName(workloadUri)] } = parts;
  const { extensions = [sanExtension(names)] } = parts;
  const { attributes = [extensionRequest(der.sequence(...extensions))] } = parts;
  const { attributesElement = der.context(0, ...attributes) } = parts;
  return der.sequence(
    parts.version ?? der.integer(0),
    parts.subject ?? emptySubject(),
    parts.spki ?? spkiOf(key),
    ...(attributesElement === null ? [] : [attributesElement]),
  );
}

function defaultAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'rsa'
    ? algorithm(sha256WithRsa, der.nullValue())
    : algorithm(ecdsaWithSha256);
}

export function pemOf(bytes: Uint8Array, label = 'CERTIFICATE REQUEST', eol = '\n'): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join(eol);
}

/** The same as PEM. */
export function writeCsrPem(parts: CsrParts = {}): string {
  return pemOf(writeCsr(parts));
}

/** A URI of exactly that many characters. */
export function longUri(length: number): string {
  return workloadUri.padEnd(length, 'x');
}
