import { ChainError } from './errors.ts';
import type { ChainRejection } from './errors.ts';
import type { Certificate } from './certificate.ts';
import type { SubjectPublicKey } from './subject-public-key.ts';

/** The instant of a check, in epoch milliseconds, and how far a signer's clock may be ahead. */
export interface Instant {
  readonly at: number;
  readonly clockSkewMs: number;
}

/** What every certificate of a path must be, leaf or root: in force, and understood. */
export function checkInPath(certificate: Certificate, { at, clockSkewMs }: Instant): void {
  if (at + clockSkewMs < certificate.notBefore)
    throw fault(certificate, 'not_yet_valid', 'is not valid yet');
  if (at > certificate.notAfter) throw fault(certificate, 'expired', 'has expired');
  const [unknown] = certificate.unknownCriticalExtensions;
  if (unknown !== undefined) {
    throw fault(certificate, 'critical_extension', `has the critical extension ${unknown}`);
  }
}

/**
 * What a certificate must be to stand above another (RFC 5280 section 6.1.4): an authority that may
 * sign certificates, with a key that can be relied on and with room for `below` authorities between
 * it and the leaf. Throws ChainError.
 */
export function checkIssuer(issuer: Certificate, leaf: Certificate, below: number): void {
  if (!issuer.isCa) throw fault(issuer, 'not_a_ca', 'is not an authority');
  if (issuer.keyUsages?.has('keyCertSign') === false) {
    throw fault(issuer, 'key_usage', 'may not sign certificates');
  }
  if (issuer.pathLength !== undefined && below > issuer.pathLength) {
    throw fault(issuer, 'path_length', `allows ${issuer.pathLength} authorities below itself`);
  }
  if (!mayServe(issuer, leaf)) {
    throw fault(issuer, 'extended_key_usage', 'may not certify for the purposes of the leaf');
  }
}

/** An authority's extKeyUsage bounds the certificates below, as OpenSSL, BoringSSL and Go read it. */
function mayServe({ extendedKeyUsages: allowed }: Certificate, leaf: Certificate): boolean {
  if (allowed === undefined || allowed.includes('any')) return true;
  return (leaf.extendedKeyUsages ?? []).every((purpose) => allowed.includes(purpose));
}

/** Refuses keys that are too weak to rely on, or so large that using them costs time. */
export function checkIssuerKey(issuer: Certificate): void {
  if (!isReliable(issuer.publicKey)) {
    throw fault(issuer, 'weak_key', 'has a key that is not to be relied on');
  }
}

const minRsaBits = 2048;
const maxRsaBits = 8192;
/** Longer exponents make a verification slow and have no use (SP 800-56B: below 2^256). */
const maxExponentLength = 4;

function isReliable(key: SubjectPublicKey): boolean {
  switch (key.kind) {
    case 'rsa':
      return (
        key.bits >= minRsaBits &&
        key.bits <= maxRsaBits &&
        key.exponent.length <= maxExponentLength &&
        isOddAboveOne(key.exponent)
      );
    case 'ec':
      return key.curve !== undefined;
    case 'ed25519':
      return true;
    case 'other':
      return false;
  }
}

function isOddAboveOne(exponent: Uint8Array): boolean {
  const last = exponent.at(-1) ?? 0;
  return (last & 1) === 1 && (exponent.length > 1 || last > 1);
}

/** Refuses a signature that nobody should rely on, before it is looked at. Throws ChainError. */
export function checkSignatureAlgorithm(certificate: Certificate): void {
  const { kind, name } = certificate.signatureAlgorithm;
  if (kind === 'weak') throw fault(certificate, 'weak_signature', `is signed with ${name}`);
  if (kind === 'other') {
    throw fault(certificate, 'signature_algorithm', `is signed with the unknown ${name}`);
  }
}

/** A ChainError about `certificate`; `problem` continues "the certificate …". */
export function fault(
  { sha256 }: Certificate,
  reason: ChainRejection,
  problem: string,
): ChainError {
  return new ChainError(reason, `the certificate ${sha256.slice(0, 16)} ${problem}`, sha256);
}
