import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject, VerifyKeyObjectInput } from 'node:crypto';

/** The parts of a certificate request (RFC 2986) that a signer copies. */
export interface RequestParts {
  /** DER of the Name. */
  readonly subjectDer: Uint8Array;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spkiDer: Uint8Array;
  readonly subjectAltName: RequestExtension | undefined;
}

export interface RequestExtension {
  readonly critical: boolean;
  /** What stands inside the extension's OCTET STRING. */
  readonly valueDer: Uint8Array;
}

interface Element {
  readonly tag: number;
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

const tags = { boolean: 1, bitString: 3, octetString: 4, oid: 6, attributes: 0xa0 };

/** DER contents of the object identifiers that matter here, in hexadecimal. */
const extensionRequest = '2a864886f70d01090e';
const subjectAltName = '551d11';

const hashOfSignature = new Map([
  ['2a864886f70d010105', 'sha1'],
  ['2a864886f70d01010b', 'sha256'],
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['2a8648ce3d0401', 'sha1'],
  ['2a8648ce3d040302', 'sha256'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
]);
const ed25519 = '2b6570';

/**
 * The DER of the first PEM block of a text, as the API server looks for it: whatever stands around
 * the block is passed over. Throws an Error when that is no request.
 */
export function requestDerOf(pem: string): Uint8Array {
  const [, label, body = ''] =
    /-----BEGIN ([A-Z0-9 ]+)-----\s([\s\S]*?)-----END \1-----/.exec(pem) ?? [];
  if (label !== 'CERTIFICATE REQUEST') {
    throw new Error('PEM block type must be CERTIFICATE REQUEST');
  }
  // Headers as of old (RFC 1421), which end with an empty line, are passed over too.
  const content = body.replace(/^(?:[^\n:]*:[^\n]*\n)+\n/, '');
  return Buffer.from(content.replace(/\s/g, ''), 'base64');
}

/**
 * Takes a request apart, leniently: what a signer copies, no policy. Checks the signature. Throws an
 * Error in the manner of Go's encoding/asn1 and crypto/x509.
 */
export function readRequest(der: Uint8Array): RequestParts {
  const [request, ...afterRequest] = elementsOf(der);
  if (request === undefined || afterRequest.length > 0) throw structureError();
  const [info, algorithm, signature] = elementsOf(request.content);
  if (info === undefined || algorithm === undefined || signature === undefined) {
    throw structureError();
  }
  const [, subject, spki, ...rest] = elementsOf(info.content);
  if (subject === undefined || spki === undefined) throw structureError();
  verifySignature(info.whole, spki.whole, algorithm, signature);
  return {
    subjectDer: subject.whole,
    spkiDer: spki.whole,
    subjectAltName: findSubjectAltName(rest.find(({ tag }) => tag === tags.attributes)),
  };
}

function elementsOf(der: Uint8Array): readonly Element[] {
  const elements: Element[] = [];
  let offset = 0;
  while (offset < der.length) {
    const element = elementAt(der, offset);
    elements.push(element);
    offset += element.whole.length;
  }
  return elements;
}

function elementAt(der: Uint8Array, offset: number): Element {
  const tag = der[offset];
  const first = der[offset + 1];
  if (tag === undefined || first === undefined) throw structureError();
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || first === 0x80) throw structureError();
  const start = offset + 2 + lengthBytes;
  const length = der
    .subarray(offset + 2, start)
    .reduce((sum, byte) => sum * 256 + byte, lengthBytes === 0 ? first : 0);
  if (start + length > der.length) throw structureError();
  return {
    tag,
    whole: der.subarray(offset, start + length),
    content: der.subarray(start, start + length),
  };
}

function structureError(): Error {
  return new Error('asn1: structure error: malformed certificate request');
}

function verifySignature(
  info: Uint8Array,
  spkiDer: Uint8Array,
  algorithm: Element,
  signature: Element,
): void {
  const [oid] = elementsOf(algorithm.content);
  const name = oid === undefined ? '' : hex(oid.content);
  const hash = name === ed25519 ? null : hashOfSignature.get(name);
  if (hash === undefined) throw new Error('x509: cannot verify signature: algorithm unimplemented');
  const key: VerifyKeyObjectInput = { key: publicKey(spkiDer), dsaEncoding: 'der' };
  if (signature.tag !== tags.bitString || !verify(hash, info, key, signature.content.subarray(1))) {
    throw new Error('x509: signature verification failure');
  }
}

function publicKey(spkiDer: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spkiDer), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new Error('x509: unknown public key algorithm', { cause });
  }
}

function findSubjectAltName(attributes: Element | undefined): RequestExtension | undefined {
  const extensions = childrenOf(attributes)
    .map(({ content }) => elementsOf(content))
    .filter(([oid]) => oid !== undefined && hex(oid.content) === extensionRequest)
    .flatMap(([, values]) => childrenOf(childrenOf(values)[0]));
  return extensions.map(asSubjectAltName).find((extension) => extension !== undefined);
}

function childrenOf(element: Element | undefined): readonly Element[] {
  return element === undefined ? [] : elementsOf(element.content);
}

function asSubjectAltName({ content }: Element): RequestExtension | undefined {
  const [oid, ...rest] = elementsOf(content);
  const value = rest.find(({ tag }) => tag === tags.octetString);
  if (oid === undefined || value === undefined || hex(oid.content) !== subjectAltName) {
    return undefined;
  }
  const critical = rest.some(({ tag, content: flag }) => tag === tags.boolean && flag[0] !== 0);
  return { critical, valueDer: value.content };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
