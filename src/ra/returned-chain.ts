import { RaError } from '../base/ra-error.ts';
import { CertificateError, ChainError } from '../pki/errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { ChainVerifier } from '../pki/chain.ts';
import { parseCertificateBundle, PemError } from '../pki/pem.ts';

/** One thing that must hold for a leaf, given what was expected of it. */
export interface LeafRule<Expected> {
  /** One word for logs and metrics. */
  readonly reason: string;
  /** Says what is wrong where the rule does not hold. */
  readonly message: string;
  /** `now` in milliseconds since the Unix epoch. */
  readonly holds: (leaf: Certificate, expected: Expected, now: number) => boolean;
}

export interface ChainExpected<Expected> {
  /** The key that the leaf must be of: SubjectPublicKeyInfo. */
  readonly spkiDer: Uint8Array;
  /** Says what is wrong where no certificate is of that key. */
  readonly keyMismatch: string;
  /** The rules for the leaf, in the order in which they are reported. */
  readonly rules: readonly LeafRule<Expected>[];
  /** What the rules compare the leaf with. */
  readonly expected: Expected;
  /** The roots of the signer; no others are anchors, whatever the signer sends along. */
  readonly roots: readonly Certificate[];
  readonly verifier: ChainVerifier;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** A path from a leaf to the root of its signer. */
export interface ReturnedChain {
  readonly leaf: Certificate;
  /** From the leaf's issuer towards the anchor, without the anchor. */
  readonly intermediates: readonly Certificate[];
  /** The root that the path ends in. */
  readonly anchor: Certificate;
}

/** How far a signer's clock may be from ours. */
export const signerClockSkewMs = 5 * 60_000;

/** The rules that hold for every leaf, whatever it is for. */
export const isVersion3: LeafRule<unknown> = {
  reason: 'version',
  message: 'the certificate is not of version 3',
  holds: (leaf) => leaf.version === 3,
};

export const isNoAuthority: LeafRule<unknown> = {
  reason: 'is_ca',
  message: 'the certificate may sign others',
  holds: (leaf) => !leaf.isCa,
};

export const isValidAlready: LeafRule<unknown> = {
  reason: 'not_yet_valid',
  message: 'the certificate is not valid yet',
  holds: (leaf, _expected, now) => leaf.notBefore <= now + signerClockSkewMs,
};

/** The leaf and as many candidates as ChainVerifier looks at. */
const maxCertificates = 17;

/**
 * The check of what a signer returned: the leaf is of the expected key and keeps all rules, and a path
 * leads from it to a root of the signer. `rules` must have `isValidAlready` among them.
 *
 * Throws ISSUED_CERTIFICATE_REJECTED with the precise reason, that of the first rule that is broken.
 */
export function verifyReturnedChain<Expected>(
  pem: string,
  { spkiDer, keyMismatch, rules, expected, roots, verifier, now }: ChainExpected<Expected>,
): ReturnedChain {
  const certificates = readCertificates(pem, verifier);
  // The leaf is the certificate with the key of the CSR, wherever the signer put it.
  const leaf = certificates.find((candidate) => sameBytes(candidate.spkiDer, spkiDer));
  if (leaf === undefined) throw rejected('public_key_mismatch', keyMismatch);
  const broken = rules.find((rule) => !rule.holds(leaf, expected, now));
  if (broken !== undefined) throw rejected(broken.reason, broken.message);
  const candidates = certificates.filter((certificate) => certificate !== leaf);
  // A signer's clock may be a little ahead of ours; isValidAlready has bounded by how much.
  const at = Math.max(now, leaf.notBefore);
  const issuers = buildPath(() => verifier.buildPath({ leaf, candidates, roots, at })).slice(1);
  verifier.authorities.keep(issuers);
  const anchor = issuers.pop();
  if (anchor === undefined) throw new Error('a path has two ends');
  return { leaf, intermediates: issuers, anchor };
}

/** A refusal of a certificate that a signer returned. */
export function rejected(reason: string, message: string, cause?: unknown): RaError {
  return new RaError('ISSUED_CERTIFICATE_REJECTED', message, { reason, cause });
}

/** Kubernetes lets a signer put comments between the blocks; the bounds are those of pki. */
function readCertificates(pem: string, { authorities }: ChainVerifier): readonly Certificate[] {
  try {
    const ders = parseCertificateBundle(pem);
    if (ders.length > maxCertificates) {
      // To read the 2,000 that an object can hold would take the event loop a tenth of a second.
      throw rejected('chain_too_many_certificates', 'the signer sent too many certificates');
    }
    return ders.map((der) => authorities.parse(der));
  } catch (error) {
    if (error instanceof PemError || error instanceof CertificateError) {
      throw rejected('certificate_malformed', error.message, error);
    }
    throw error;
  }
}

function buildPath(build: () => readonly Certificate[]): readonly Certificate[] {
  try {
    return build();
  } catch (error) {
    if (error instanceof ChainError) throw rejected(`chain_${error.reason}`, error.message, error);
    throw error;
  }
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
