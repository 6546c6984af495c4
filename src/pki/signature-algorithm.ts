import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { tags } from './der-tags.ts';
import { objectIdentifier, sequenceOf } from './der-values.ts';
import type { DerElement } from './der.ts';

type SignatureHash = 'sha256' | 'sha384' | 'sha512';

/** What an AlgorithmIdentifier of a signature says, as far as we care. */
export type SignatureAlgorithm =
  | { readonly kind: 'rsa' | 'ecdsa'; readonly name: string; readonly hash: SignatureHash }
  | { readonly kind: 'ed25519'; readonly name: string }
  /** MD2, MD5 or SHA-1: known, and not to be relied on. */
  | { readonly kind: 'weak'; readonly name: string }
  /** Not known, or with parameters that the algorithm does not have. */
  | { readonly kind: 'other'; readonly name: string };

/** RFC 8017 appendix A.2.4, RFC 5758 section 3.2, RFC 8410 section 3. */
const known: ReadonlyMap<string, SignatureAlgorithm> = new Map<string, SignatureAlgorithm>([
  ['1.2.840.113549.1.1.11', { kind: 'rsa', name: 'sha256WithRSAEncryption', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { kind: 'rsa', name: 'sha384WithRSAEncryption', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { kind: 'rsa', name: 'sha512WithRSAEncryption', hash: 'sha512' }],
  ['1.2.840.10045.4.3.2', { kind: 'ecdsa', name: 'ecdsa-with-SHA256', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { kind: 'ecdsa', name: 'ecdsa-with-SHA384', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { kind: 'ecdsa', name: 'ecdsa-with-SHA512', hash: 'sha512' }],
  ['1.3.101.112', { kind: 'ed25519', name: 'Ed25519' }],
  ['1.2.840.113549.1.1.2', { kind: 'weak', name: 'md2WithRSAEncryption' }],
  ['1.2.840.113549.1.1.4', { kind: 'weak', name: 'md5WithRSAEncryption' }],
  ['1.2.840.113549.1.1.5', { kind: 'weak', name: 'sha1WithRSAEncryption' }],
  ['1.3.14.3.2.29', { kind: 'weak', name: 'sha1WithRSA' }],
  ['1.2.840.10045.4.1', { kind: 'weak', name: 'ecdsa-with-SHA1' }],
  ['1.2.840.10040.4.3', { kind: 'weak', name: 'dsa-with-SHA1' }],
]);

/**
 * Reads an AlgorithmIdentifier (RFC 5280 section 4.1.1.2). RSA takes NULL or absent parameters, as
 * RFC 4055 section 5 tells readers to; the others take none. Throws DerError.
 */
export function parseSignatureAlgorithm(element: DerElement | undefined): SignatureAlgorithm {
  const [identifier, parameters] = sequenceOf(element, 1, 2);
  const oid = objectIdentifier(identifier);
  const algorithm = known.get(oid) ?? { kind: 'other', name: oid };
  const fits =
    parameters === undefined || (algorithm.kind === 'rsa' && parameters.tag === tags.null);
  return fits || algorithm.kind === 'weak' ? algorithm : { kind: 'other', name: oid };
}

/**
 * Whether `signature` over exactly these bytes was made with the key. False, never an exception, for
 * any signature bytes and for an algorithm that the key does not have.
 */
export function isSignatureValid(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  { signed, signature }: { readonly signed: Uint8Array; readonly signature: Uint8Array },
): boolean {
  try {
    switch (algorithm.kind) {
      // PKCS #1 v1.5 padding and DER are what node:crypto takes a bare key of these types to mean; naming
      // them costs a fifth more.
      case 'rsa':
        return key.asymmetricKeyType === 'rsa' && verify(algorithm.hash, signed, key, signature);
      case 'ecdsa':
        return key.asymmetricKeyType === 'ec' && verify(algorithm.hash, signed, key, signature);
      case 'ed25519':
        return key.asymmetricKeyType === 'ed25519' && verify(null, signed, key, signature);
      case 'weak':
      case 'other':
        return false;
    }
  } catch {
    // OpenSSL reports some signatures that cannot be decoded as errors; they are no less invalid.
    return false;
  }
}
