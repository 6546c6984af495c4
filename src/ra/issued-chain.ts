import type { Certificate } from '../pki/certificate.ts';
import type { VerifiedChain } from './verified-chain.ts';

/** The answer to a client: what CreateCertificate's `cert_chain` holds, element by element. */
export class IssuedChain {
  readonly elements: readonly string[];

  private constructor(elements: readonly string[]) {
    this.elements = elements;
  }

  /**
   * `trusted` are the roots that the holder is to trust: its signer's, then those of signers that
   * the policy lets trust each other.
   *
   * Leaf, intermediates with one PEM block each, and all roots as ONE last element: clients take the
   * last element alone as trust (Istio's agent) and read only the first block of the ones between
   * (ztunnel).
   *
   * Divergence: istiod splits the roots, so that clients trust only the last of several.
   */
  static of(chain: VerifiedChain, trusted: readonly Certificate[]): IssuedChain {
    const signing = [chain.leaf, ...chain.intermediates].map((certificate) => certificate.pem);
    return new IssuedChain([...signing, trusted.map((root) => root.pem).join('')]);
  }
}
