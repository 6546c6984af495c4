import type { Clock } from '../base/clock.ts';
import { RaError } from '../base/ra-error.ts';
import { GrantedSigner } from '../authz/granted-signer.ts';
import type { SignerSettings } from '../authz/granted-signer.ts';
import type { MeshSnapshot, MeshSource } from '../mesh/mesh-snapshot.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { ChainVerifier } from '../pki/chain.ts';
import { AdmittedRequest } from './csr-policy.ts';
import { IssuedChain } from './issued-chain.ts';
import type { CertificateIssuer, IssueRequest } from './issue-request.ts';
import { admitLifetime } from './lifetime.ts';
import type { LifetimePolicy } from './lifetime.ts';
import type { Signer, SigningOrder } from './signer.ts';
import { VerifiedChain } from './verified-chain.ts';

export interface RegistrationAuthorityOptions {
  readonly mesh: MeshSource;
  readonly signers: SignerSettings;
  readonly lifetime: LifetimePolicy;
  readonly signer: Signer;
  readonly verifier: ChainVerifier;
  readonly clock: Clock;
}

/**
 * The registration authority: admits a request, has it signed, and lets nothing out that it has not
 * checked. Its four steps stand in `issue`, in order; each returns a proof or throws.
 */
export class RegistrationAuthority implements CertificateIssuer {
  readonly #options: RegistrationAuthorityOptions;

  constructor(options: RegistrationAuthorityOptions) {
    this.#options = options;
  }

  async issue(request: IssueRequest, signal: AbortSignal): Promise<IssuedChain> {
    const { decision } = request;
    const mesh = this.#options.mesh.current();
    decision.note({ meshGeneration: mesh.generation });
    const { order, roots } = await decision.timed('admit', () => this.#admit(request, mesh));
    const signed = await decision.timed('sign', () => this.#options.signer.sign(order, signal));
    const chain = await decision.timed('verify', () =>
      VerifiedChain.verify(signed.certificatePem, {
        order,
        roots,
        verifier: this.#options.verifier,
        now: this.#options.clock.now(),
      }),
    );
    decision.note({
      serialNumber: chain.leaf.serialNumber,
      notAfter: new Date(chain.leaf.notAfter).toISOString(),
      leafSha256: chain.leaf.sha256,
    });
    this.#recheck(order, chain, mesh);
    return IssuedChain.of(chain);
  }

  #admit(
    request: IssueRequest,
    mesh: MeshSnapshot,
  ): { readonly order: SigningOrder; readonly roots: readonly Certificate[] } {
    const { decision, identity } = request;
    const { lifetime, signers } = this.#options;
    decision.note({ ttlAskedSeconds: request.requestedTtlSeconds.toString() });
    if (request.certSigner !== undefined) decision.note({ certSigner: request.certSigner });
    const admitted = AdmittedRequest.admit(request.csrPem, identity);
    decision.note({ spkiSha256: admitted.request.publicKey.spkiSha256 });
    const granted = GrantedSigner.grant(request, signers, mesh);
    decision.note({ signer: granted.signerName, assignedBy: granted.source });
    const ttlSeconds = admitLifetime(request.requestedTtlSeconds, lifetime);
    decision.note({ ttlSeconds });
    const roots = mesh.trust.rootsFor(granted.signerName);
    if (roots.length === 0) {
      throw new RaError('SIGNER_WITHOUT_ROOT', `${granted.signerName} has no root in mesh config`);
    }
    return { order: { admitted, granted, ttlSeconds, decision }, roots };
  }

  /**
   * What was true when the request was admitted must still be: while the signer worked, the trust
   * domain may have changed or a root been withdrawn.
   */
  #recheck(order: SigningOrder, chain: VerifiedChain, admittedUnder: MeshSnapshot): void {
    const mesh = this.#options.mesh.current();
    if (mesh === admittedUnder) return;
    const roots = mesh.trust.rootsFor(order.granted.signerName);
    const anchor = chain.anchor.sha256;
    const stillTrusted = roots.some((root) => root.sha256 === anchor);
    const sameDomain = mesh.config.trustDomain === order.admitted.identity.id.trustDomain;
    if (stillTrusted && sameDomain) return;
    throw new RaError('SIGNING_INTERRUPTED', 'the mesh config changed while the signer worked', {
      reason: stillTrusted ? 'trust_domain_changed' : 'root_withdrawn',
    });
  }
}
