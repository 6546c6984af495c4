import type { Certificate } from '../pki/certificate.ts';
import type { ChainVerifier } from '../pki/chain.ts';
import { rejected, verifyReturnedChain } from './returned-chain.ts';
import type { ReturnedChain } from './returned-chain.ts';
import type { SigningOrder } from './signer.ts';
import { workloadLeafRules } from './workload-leaf-rules.ts';
import type { OrderedCertificate } from './workload-leaf-rules.ts';

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

  private constructor({ leaf, intermediates, anchor }: ReturnedChain) {
    this.leaf = leaf;
    this.intermediates = intermediates;
    this.anchor = anchor;
  }

  /** Throws ISSUED_CERTIFICATE_REJECTED with the precise reason for the log. */
  static verify(pem: string, expectations: ChainExpectations): VerifiedChain {
    return new VerifiedChain(verifyIssued(pem, expectations));
  }
}

/**
 * The path from the certificate that was ordered to a root of its signer. Throws
 * ISSUED_CERTIFICATE_REJECTED with the precise reason. It is no proof for an answer to a workload: see
 * `VerifiedChain`.
 */
export function verifyIssued(pem: string, expectations: PathExpectations): ReturnedChain {
  const { order, roots, verifier, now } = expectations;
  const { spkiDer } = order.admitted.request.publicKey;
  const chain = verifyReturnedChain(pem, {
    spkiDer,
    keyMismatch: 'no certificate holds the public key of the CSR',
    rules: workloadLeafRules,
    expected: order,
    roots,
    verifier,
    now,
  });
  const issuer = chain.intermediates[0] ?? chain.anchor;
  expectations.onIssuer?.(issuer);
  if (chain.leaf.notAfter > issuer.notAfter) {
    throw rejected('outlives_issuer', 'the certificate outlives the one that signed it');
  }
  return chain;
}
