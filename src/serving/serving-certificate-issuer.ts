import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/error-message.ts';
import type { Logger } from '../base/logger.ts';
import type { SigningRequests } from '../kube/signing-requests.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { ChainVerifier } from '../pki/chain.ts';
import { renewalDueAt } from './renewal-due.ts';
import { servedCertificateOf } from './certificate-pair.ts';
import { requestServingCertificate } from './serving-certificate.ts';
import type { ServedCertificate } from './serving-certificate-source.ts';
import { VerifiedServingChain } from './verified-serving-chain.ts';

export interface ServingCertificateIssuerOptions {
  readonly requests: SigningRequests;
  readonly mesh: MeshSource;
  readonly verifier: ChainVerifier;
  /** The full name of the signer. */
  readonly signerName: string;
  readonly ttlSeconds: number;
  readonly approval: 'self' | 'external';
  readonly clock: Clock;
  readonly log: Logger;
}

/** A certificate that was just issued, or was found to be as good as one. */
export interface IssuedServingCertificate {
  readonly served: ServedCertificate;
  /** The root that it leads to: hexadecimal SHA-256. */
  readonly anchorSha256: string;
  /** When half its life is over, in milliseconds since the Unix epoch. */
  readonly dueAt: number;
}

/** Certificates for servers from one signer, each verified against its roots in the mesh config. */
export class ServingCertificateIssuer {
  readonly #options: ServingCertificateIssuerOptions;

  constructor(options: ServingCertificateIssuerOptions) {
    this.#options = options;
  }

  /** A new key with a certificate for `dnsNames`. Throws when there is none to be had, or a bad one. */
  async issue(dnsNames: readonly string[], signal: AbortSignal): Promise<IssuedServingCertificate> {
    const { signerName, log } = this.#options;
    const roots = this.#roots();
    const answer = await requestServingCertificate({ ...this.#options, dnsNames, signal });
    const { certificateChainPem, privateKeyPem, spkiDer } = answer;
    const expected = { spkiDer, dnsNames, roots };
    const issued = this.#verified({ certificateChainPem, privateKeyPem }, expected);
    const { serialNumber, notAfter } = issued.served;
    const until = new Date(notAfter).toISOString();
    log.info('serving certificate issued', { signer: signerName, serialNumber, until, dnsNames });
    return issued;
  }

  /** What `issue` gave once, if it is still good. Throws an Error that says why it is not. */
  recheck(
    served: ServedCertificate,
    spkiDer: Uint8Array,
    dnsNames: readonly string[],
  ): IssuedServingCertificate {
    return this.#verified(served, { spkiDer, dnsNames, roots: this.#roots() });
  }

  /** Whether the mesh config still has that root for the signer. */
  hasRoot(sha256: string): boolean {
    return this.#options.mesh
      .current()
      .trust.anchorsOf(this.#options.signerName)
      .some((root) => root.sha256 === sha256);
  }

  #roots(): readonly Certificate[] {
    const { mesh, signerName } = this.#options;
    const roots = mesh.current().trust.anchorsOf(signerName);
    if (roots.length > 0) return roots;
    throw new Error(
      `the mesh config has no root for ${signerName}, so that nobody could verify its certificates: ` +
        `add an entry with its root, and it in certSigners, to caCertificates`,
    );
  }

  #verified(
    {
      certificateChainPem,
      privateKeyPem,
    }: Pick<ServedCertificate, 'certificateChainPem' | 'privateKeyPem'>,
    expected: {
      readonly spkiDer: Uint8Array;
      readonly dnsNames: readonly string[];
      readonly roots: readonly Certificate[];
    },
  ): IssuedServingCertificate {
    const { verifier, ttlSeconds, clock, signerName } = this.#options;
    const expectations = { ...expected, ttlSeconds, verifier, now: clock.now() };
    try {
      const chain = VerifiedServingChain.verify(certificateChainPem, expectations);
      return {
        served: servedCertificateOf(chain.leaf, chain.identity(privateKeyPem)),
        anchorSha256: chain.anchor.sha256,
        dueAt: renewalDueAt(chain.leaf, ttlSeconds),
      };
    } catch (cause) {
      const problem = messageOf(cause);
      throw new Error(`the certificate from ${signerName} is refused: ${problem}`, { cause });
    }
  }
}
