import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CsrError, DerError } from './errors.ts';
import { tags } from './der-tags.ts';
import { expectTag, sequenceOf, smallInteger, wholeBytes } from './der-values.ts';
import { parseDer, requestLimits } from './der.ts';
import type { DerElement } from './der.ts';
import { checkEcdsaSignature } from './ecdsa-signature.ts';
import { isEmptySubject } from './empty-subject.ts';
import { signatureKindOf } from './key-algorithm.ts';
import { admitPublicKey } from './key-policy.ts';
import type { AdmittedKey } from './key-policy.ts';
import { PemError, encodePem, parseSinglePem } from './pem.ts';
import { parseRequestedUri } from './requested-name.ts';
import { importPublicKey } from './subject-public-key.ts';
import { isSignatureValid, parseSignatureAlgorithm } from './signature-algorithm.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';

declare const validShape: unique symbol;

/**
 * A certificate request that passed every check of `parseCertificateRequest`, which alone makes
 * them. Who may have the name that it asks for is not decided here.
 */
export interface CertificateRequest {
  readonly [validShape]: true;
  readonly der: Uint8Array;
  /** The unchanged `der` in our own PEM: nothing of the caller's text goes further. */
  readonly pem: string;
  /** An empty Name, or one RDN with an empty organization. */
  readonly subjectDer: Uint8Array;
  /** The one subjectAltName: visible ASCII, at most 2048 bytes, not looked at further. */
  readonly uri: string;
  readonly publicKey: RequestedPublicKey;
}

type RequestedPublicKey = {
  readonly spkiDer: Uint8Array;
  /** Hexadecimal, of `spkiDer`. */
  readonly spkiSha256: string;
  readonly keyObject: KeyObject;
} & (
  | { readonly kind: 'rsa'; readonly bits: number }
  | { readonly kind: 'ec'; readonly curve: 'P-256' | 'P-384' }
);

/** The longest text of a request, in characters; a request with RSA-4096 takes 1.7 KiB. */
const maxRequestPemLength = 16 * 1024;

/**
 * The gate for bytes from outside. It knows the few shapes that Istio's clients send and refuses all
 * else (RFC 2986 in strict DER; one key of key-policy.ts; an empty subject; one URI; a signature by
 * that key), cheapest check first. Throws CsrError and nothing else, for any text.
 *
 * Divergence: istiod checks the signature and that the names in subjectAltName are the caller's; it
 * lets other subjects, attributes, keys and hashes through to the signer.
 */
export function parseCertificateRequest(pemText: string): CertificateRequest {
  try {
    const der = parseSinglePem(pemText, 'CERTIFICATE REQUEST', { maxLength: maxRequestPemLength });
    return readRequest(der);
  } catch (error) {
    if (!(error instanceof PemError) && !(error instanceof DerError)) throw error;
    throw new CsrError(error.reason, error.message, { cause: error });
  }
}

function readRequest(der: Uint8Array): CertificateRequest {
  const [info, algorithmElement, signatureElement] = sequenceOf(parseDer(der, requestLimits), 3);
  const [version, subject, spki, attributes] = sequenceOf(info, 3, 4);
  // RFC 2986 section 4.1: version 1 is written as 0, and there is no other.
  if (smallInteger(version) !== 0) throw new CsrError('version', 'the version is not 0');

  const algorithm = admitSignatureAlgorithm(algorithmElement);
  const key = admitPublicKey(spki);
  if (algorithm.kind !== signatureKindOf(key)) {
    throw new CsrError('signature_algorithm', 'the signature algorithm is not of the key');
  }
  const subjectDer = emptySubject(subject);
  const uri = parseRequestedUri(attributes);
  const signature = admitSignature(signatureElement, key);
  const spkiDer = expectTag(spki, tags.sequence).bytes;
  const keyObject = importKey(spkiDer);
  const signed = expectTag(info, tags.sequence).bytes;
  if (!isSignatureValid(algorithm, keyObject, { signed, signature })) {
    throw new CsrError('signature_invalid', 'the signature is not of the key in the request');
  }
  const spkiSha256 = createHash('sha256').update(spkiDer).digest('hex');
  const common = { spkiDer, spkiSha256, keyObject };
  const publicKey: RequestedPublicKey =
    key.kind === 'rsa'
      ? { ...common, kind: 'rsa', bits: key.bits }
      : { ...common, kind: 'ec', curve: key.curve };
  const pem = encodePem('CERTIFICATE REQUEST', der);
  return Object.freeze({ der, pem, subjectDer, uri, publicKey }) as CertificateRequest;
}

/** SHA-256, SHA-384 and SHA-512, each with any key: clients choose the hash by habit, not by size. */
function admitSignatureAlgorithm(element: DerElement | undefined): SignatureAlgorithm {
  const algorithm = parseSignatureAlgorithm(element);
  if (algorithm.kind === 'weak') {
    throw new CsrError('weak_hash', `${algorithm.name} is no longer a signature`);
  }
  if (algorithm.kind !== 'rsa' && algorithm.kind !== 'ecdsa') {
    throw new CsrError('signature_algorithm', 'the signature algorithm is not allowed');
  }
  return algorithm;
}

function emptySubject(element: DerElement | undefined): Uint8Array {
  const { bytes } = expectTag(element, tags.sequence);
  if (!isEmptySubject(bytes)) {
    throw new CsrError('subject_not_empty', 'the subject is not empty');
  }
  return bytes;
}

/** The signature has the one length or form that its key allows (RFC 8017 section 8.2.2, RFC 5480). */
function admitSignature(element: DerElement | undefined, key: AdmittedKey): Uint8Array {
  const signature = wholeBytes(element);
  if (key.kind === 'ec') checkEcdsaSignature(signature, key.curve);
  else if (signature.length !== key.modulus.length) {
    throw new CsrError('signature_encoding', 'the signature is not as long as the modulus');
  }
  return signature;
}

function importKey(spkiDer: Uint8Array): KeyObject {
  const key = importPublicKey(spkiDer);
  if (key === undefined) {
    throw new CsrError('point_not_on_curve', 'the public key cannot be used');
  }
  return key;
}
