import type { ServingIdentity } from '../server/credentials.ts';
import { parseCertificate } from '../pki/certificate.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { ChainVerifier } from '../pki/chain.ts';
import { parseCertificateBundle } from '../pki/pem.ts';
import { checkServingLeaf } from './serving-leaf-check.ts';

export interface ServingExpectations {
  /** The key that the certificate must be of. */
  readonly spkiDer: Uint8Array;
  readonly dnsNames: readonly string[];
  /** How long a life was asked for. */
  readonly ttlSeconds: number;
  /** The roots of the signer in the mesh config; no others are anchors, whatever it sends along. */
  readonly roots: readonly Certificate[];
  readonly verifier: ChainVerifier;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** The leaf and as many candidates as ChainVerifier looks at. */
const mostCertificates = 17;

/**
 * Proof that a certificate can be served: of our key, for our names, good for a server and signed
 * under a root of its signer. Only `verify` makes one.
 */
export class VerifiedServingChain {
  declare protected readonly proof: true;
  readonly leaf: Certificate;
  /** The root that the path ends in. */
  readonly anchor: Certificate;
  /** Leaf and intermediates without the anchor, which clients have or do not trust anyway. */
  readonly certificateChainPem: string;

  private constructor(path: readonly Certificate[]) {
    const [leaf, ...issuers] = path;
    const anchor = issuers.pop();
    if (leaf === undefined || anchor === undefined) throw new Error('a path has two ends');
    this.leaf = leaf;
    this.anchor = anchor;
    this.certificateChainPem = [leaf, ...issuers].map(({ pem }) => pem).join('');
  }

  /** Throws an Error that says what is wrong with the certificate. */
  static verify(pem: string, expectations: ServingExpectations): VerifiedServingChain {
    const { spkiDer, roots, verifier, now } = expectations;
    const ders = parseCertificateBundle(pem);
    if (ders.length > mostCertificates) throw new Error('the signer sent too many certificates');
    const certificates = ders.map((der) => parseCertificate(der));
    // The leaf is the one with our key, wherever the signer put it.
    const leaf = certificates.find((one) => Buffer.compare(one.spkiDer, spkiDer) === 0);
    if (leaf === undefined) throw new Error('no certificate is of the key that it was asked for');
    checkServingLeaf(leaf, expectations);
    const candidates = certificates.filter((certificate) => certificate !== leaf);
    // A signer's clock may be a little ahead of ours; the leaf's check has bounded by how much.
    const at = Math.max(now, leaf.notBefore);
    return new VerifiedServingChain(verifier.buildPath({ leaf, candidates, roots, at }));
  }

  /** As the server and a Secret want it. */
  identity(privateKeyPem: string): ServingIdentity {
    return { certificateChainPem: this.certificateChainPem, privateKeyPem };
  }
}
