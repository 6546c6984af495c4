import { CertificateError, ChainError } from '../pki/errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { ChainVerifier } from '../pki/chain.ts';
import { parseCertificateBundle, PemError } from '../pki/pem.ts';
import { RaError } from '../base/ra-error.ts';
import { checkLeaf } from './leaf-check.ts';
import type { OrderedCertificate } from './leaf-check.ts';
import type { SigningOrder } from './signer.ts';

export interface PathExpectations {
  readonly order: OrderedCertificate;
  /** The roots of the order's signer; no others are anchors, whatever the signer sends along. */
  readonly roots: readonly Certificate[];
  readonly verifier: ChainVerifier;
  /** Told of the authority that signed the leaf, also where the leaf is then refused. */
  readonly onIssuer?: (issuer: Certificate) => void;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

export interface ChainExpectations extends PathExpectations {
  readonly order: SigningOrder;
}

/**
 * Proof that a signer's answer is what was ordered: the right key, name, usages and lifetime, signed
 * under a root of that signer. Only `verify` makes one, and only one of these is ever sent.
 */
export class VerifiedChain {
  declare protected readonly proof: true;
  readonly leaf: Certificate;
  /** From the leaf's issuer towards the anchor, without the anchor. */
  readonly intermediates: readonly Certificate[];
  /** The root that the path ends in. */
  readonly anchor: Certificate;

  private constructor(path: readonly Certificate[]) {
    const [leaf, ...issuers] = path;
    const anchor = issuers.pop();
    if (leaf === undefined || anchor === undefined) throw new Error('a path has two ends');
    this.leaf = leaf;
    this.intermediates = issuers;
    this.anchor = anchor;
  }

  /** Throws ISSUED_CERTIFICATE_REJECTED with the precise reason for the log. */
  static verify(pem: string, expectations: ChainExpectations): VerifiedChain {
    return new VerifiedChain(verifyIssued(pem, expectations));
  }
}

/**
 * The path from the certificate that was ordered to a root of its signer: leaf, authorities, root. Throws
 * ISSUED_CERTIFICATE_REJECTED with the precise reason. It proves nothing to whoever issues: see
 * `VerifiedChain`.
 */
export function verifyIssued(pem: string, expectations: PathExpectations): readonly Certificate[] {
  const { order, roots, verifier, now } = expectations;
  const certificates = readCertificates(pem, verifier);
  const { spkiDer } = order.admitted.request.publicKey;
  // The leaf is the one with the key of the CSR, wherever the signer put it.
  const leaf = certificates.find((candidate) => sameBytes(candidate.spkiDer, spkiDer));
  if (leaf === undefined) {
    throw rejected('public_key_mismatch', 'no certificate holds the public key of the CSR');
  }
  checkLeaf(leaf, order, now);
  const candidates = certificates.filter((certificate) => certificate !== leaf);
  // A signer's clock may be a little ahead of ours; checkLeaf has bounded by how much.
  const at = Math.max(now, leaf.notBefore);
  const path = buildPath(() => verifier.buildPath({ leaf, candidates, roots, at }));
  verifier.authorities.keep(path.slice(1));
  const issuer = path[1];
  if (issuer !== undefined) expectations.onIssuer?.(issuer);
  if (issuer !== undefined && leaf.notAfter > issuer.notAfter) {
    throw rejected('outlives_issuer', 'the certificate outlives the one that signed it');
  }
  return path;
}

/** The leaf and as many candidates as ChainVerifier looks at. */
const mostCertificates = 17;

/** Kubernetes lets a signer put comments between the blocks; the bounds are those of pki. */
function readCertificates(pem: string, { authorities }: ChainVerifier): readonly Certificate[] {
  try {
    const ders = parseCertificateBundle(pem);
    if (ders.length > mostCertificates) {
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

function rejected(reason: string, message: string, cause?: unknown): RaError {
  return new RaError('ISSUED_CERTIFICATE_REJECTED', message, { reason, cause });
}
