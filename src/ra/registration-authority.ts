import { admitKeyType } from '../authz/key-type.ts';
import type { AssignmentInputSource } from '../authz/assignment-inputs.ts';
import { describeSource } from '../authz/assignment-sources.ts';
import { GrantedSigner } from '../authz/granted-signer.ts';
import type { SignerQuestion } from '../authz/granted-signer.ts';
import type { CallerPods } from '../authz/caller-pods.ts';
import { rootsTrustedBy } from '../authz/trusted-signers.ts';
import type { Clock } from '../base/clock.ts';
import { RaError } from '../base/ra-error.ts';
import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import { eachOnce } from '../pki/authorities.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { ChainVerifier } from '../pki/chain.ts';
import { AdmittedRequest } from './csr-policy.ts';
import type { Decision } from './decision.ts';
import { IssuedChain } from './issued-chain.ts';
import type { CertificateIssuer, IssueRequest } from './issue-request.ts';
import type { KeyHolders } from './key-holders.ts';
import { KnownIssuers } from './known-issuers.ts';
import { grantLifetime } from './lifetime.ts';
import type { LifetimePolicy } from './lifetime.ts';
import type { Signer, SigningOrder } from './signer.ts';
import { VerifiedChain } from './verified-chain.ts';

export interface RegistrationAuthorityOptions {
  readonly inputSource: AssignmentInputSource;
  readonly callerPods: CallerPods;
  readonly lifetime: LifetimePolicy;
  readonly signer: Signer;
  readonly verifier: ChainVerifier;
  readonly keyHolders: KeyHolders;
  readonly clock: Clock;
  /** Where the authorities of the signers are remembered; one of its own where absent. */
  readonly issuers?: KnownIssuers | undefined;
}

/** An order, and what the answer will be held against and sent with. */
interface Admission {
  readonly order: SigningOrder;
  readonly question: SignerQuestion;
  /** The roots of the order's own signer: the anchors. */
  readonly roots: readonly Certificate[];
}

/**
 * The registration authority: admits a request, has it signed, and lets nothing out that it has not
 * checked. Its steps stand in `issue`, in order; each returns a proof or throws.
 */
export class RegistrationAuthority implements CertificateIssuer {
  readonly #options: RegistrationAuthorityOptions;
  readonly #issuers: KnownIssuers;

  constructor(options: RegistrationAuthorityOptions) {
    this.#options = options;
    this.#issuers = options.issuers ?? new KnownIssuers();
  }

  async issue(request: IssueRequest, signal: AbortSignal): Promise<IssuedChain> {
    const { decision } = request;
    const { signer, verifier, clock } = this.#options;
    const admission = await decision.timed('admit', () => this.#admit(request, signal));
    const { order, roots } = admission;
    const signed = await decision.timed('sign', () => signer.sign(order, signal));
    const now = clock.now();
    const onIssuer = (issuer: Certificate): void => {
      this.#issuers.saw(order.granted.signerName, issuer);
    };
    const chain = await decision.timed('verify', () => {
      try {
        return VerifiedChain.verify(signed.certificatePem, {
          order,
          roots,
          verifier,
          now,
          onIssuer,
        });
      } catch (error) {
        signed.checked?.(error);
        throw error;
      }
    });
    signed.checked?.(undefined);
    decision.note({
      serialNumber: chain.leaf.serialNumber,
      notAfter: new Date(chain.leaf.notAfter).toISOString(),
      leafSha256: chain.leaf.sha256,
    });
    return IssuedChain.of(chain, this.#recheck(admission, chain));
  }

  async #admit(request: IssueRequest, signal: AbortSignal): Promise<Admission> {
    const { decision, identity, certSigner, requestedTtlSeconds } = request;
    const { inputSource, callerPods } = this.#options;
    decision.note({ ttlAskedSeconds: requestedTtlSeconds.toString() });
    if (certSigner !== undefined) decision.note({ certSigner });
    const admitted = AdmittedRequest.admit(request.csrPem, identity);
    decision.note({ spkiSha256: admitted.request.publicKey.spkiSha256 });
    const { proxyConfigs } = inputSource.current();
    const podLabels = await callerPods.labelsOf(identity, proxyConfigs, signal);
    // Taken after the wait, so that nothing newer was decided meanwhile.
    const inputs = inputSource.current();
    decision.note({ meshGeneration: inputs.mesh.generation });
    const question = { identity, certSigner, podLabels };
    const granted = GrantedSigner.grant(question, inputs);
    decision.note({ signer: granted.signerName, assignedBy: describeSource(granted.source) });
    if (granted.servedInsteadOf !== undefined) {
      decision.note({ servedInsteadOf: granted.servedInsteadOf });
    }
    admitKeyType(granted.limits, admitted.request.publicKey);
    this.#claimKey(admitted, decision);
    const ttlSeconds = this.#lifetimeOf(request, granted, inputs.mesh);
    decision.note({ ttlSeconds });
    const roots = inputs.mesh.trust.requireAnchorsOf(granted.signerName);
    return { order: { admitted, granted, ttlSeconds, decision }, question, roots };
  }

  #claimKey({ identity, request }: AdmittedRequest, decision: Decision): void {
    const { spkiSha256 } = request.publicKey;
    this.#options.keyHolders.claim({ spkiSha256, identity: identity.id.uri }, decision);
  }

  #lifetimeOf(
    { requestedTtlSeconds }: IssueRequest,
    { signerName, limits }: GrantedSigner,
    { trust }: MeshSnapshot,
  ): number {
    const { lifetime, clock } = this.#options;
    return grantLifetime(
      { requestedTtlSeconds, signerName, limits },
      { lifetime, issuers: this.#issuers, trust, now: clock.now() },
    );
  }

  /**
   * What was true when the request was admitted must still be: while the signer worked, the signer
   * may have been assigned anew, a root withdrawn, the trust domain changed. Returns the roots that
   * the workload is to trust now, its own signer's first.
   */
  #recheck({ order, question }: Admission, chain: VerifiedChain): readonly Certificate[] {
    const inputs = this.#options.inputSource.current();
    const { mesh } = inputs;
    const { signerName } = order.granted;
    if (mesh.config.trustDomain !== order.admitted.identity.id.trustDomain) {
      throw interrupted('trust_domain_changed');
    }
    const roots = mesh.trust.anchorsOf(signerName);
    if (!roots.some((root) => root.sha256 === chain.anchor.sha256)) {
      throw interrupted('root_withdrawn');
    }
    if (GrantedSigner.grant(question, inputs).signerName !== signerName) {
      throw interrupted('signer_reassigned');
    }
    return eachOnce(rootsTrustedBy(inputs, signerName));
  }
}

function interrupted(reason: string): RaError {
  return new RaError('SIGNING_INTERRUPTED', 'the configuration changed while the signer worked', {
    reason,
  });
}
