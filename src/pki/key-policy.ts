import { CsrError, DerError } from './errors.ts';
import { equalBytes } from './der-values.ts';
import type { DerElement } from './der.ts';
import { parseSubjectPublicKey, rsaEncryption } from './subject-public-key.ts';
import type { SubjectPublicKey } from './subject-public-key.ts';
import { modulusWeakness } from './weak-modulus.ts';

type RsaKey = Extract<SubjectPublicKey, { kind: 'rsa' }>;
type EcKey = Extract<SubjectPublicKey, { kind: 'ec' }>;

/** A key that `admitPublicKey` let in. */
export type AdmittedKey = RsaKey | (EcKey & { readonly curve: 'P-256' | 'P-384' });

/**
 * The keys that workloads may bring: RSA of 2048 to 4096 bits with the exponent 65537 and no known
 * weakness, or an uncompressed point on P-256 or P-384. All of it is decided on bytes, before a
 * library is asked to import the key: import and use of odd keys is where the time goes.
 * Throws CsrError.
 *
 * Divergence: istiod takes what Go can parse, among it RSA-1024, P-224 and Ed25519.
 */
export function admitPublicKey(element: DerElement | undefined): AdmittedKey {
  const key = readKey(element);
  switch (key.kind) {
    case 'rsa':
      return admitRsaKey(key);
    case 'ec':
      return admitEcKey(key);
    case 'other':
      if (key.algorithm === rsaEncryption) {
        throw new CsrError('key_parameters', 'the parameters of the RSA key are not NULL');
      }
      throw new CsrError('key_type', 'the key is neither RSA nor EC');
    case 'ed25519':
      throw new CsrError('key_type', 'the key is neither RSA nor EC');
  }
}

const minRsaBits = 2048;
const maxRsaBits = 4096;
const exponent65537 = Uint8Array.of(1, 0, 1);

function admitRsaKey(key: RsaKey): RsaKey {
  if (key.bits < minRsaBits || key.bits > maxRsaBits || key.bits % 8 !== 0) {
    throw new CsrError('key_size', `an RSA key of ${key.bits} bits is not allowed`);
  }
  if (!equalBytes(key.exponent, exponent65537)) {
    throw new CsrError('public_exponent', 'the public exponent is not 65537');
  }
  const weakness = modulusWeakness(key.modulus);
  if (weakness !== undefined) {
    throw new CsrError('weak_modulus', `the RSA modulus is weak: ${weakness}`);
  }
  return key;
}

const uncompressed = 0x04;

/** RFC 5480 section 2.2. Whether the point is on the curve is for the import to find. */
function admitEcKey(key: EcKey): AdmittedKey {
  const { curve, point } = key;
  if (curve !== 'P-256' && curve !== 'P-384') {
    throw new CsrError('curve', 'the key is not on P-256 or P-384, by name');
  }
  const coordinate = curve === 'P-256' ? 32 : 48;
  if (point[0] !== uncompressed || point.length !== 1 + 2 * coordinate) {
    throw new CsrError('point_encoding', 'the point is not in uncompressed form');
  }
  return { ...key, curve };
}

function readKey(element: DerElement | undefined): SubjectPublicKey {
  try {
    return parseSubjectPublicKey(element);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new CsrError(error.reason, `the public key cannot be read: ${error.message}`, {
      cause: error,
    });
  }
}
