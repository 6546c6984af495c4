import type { Labels } from '../mesh/proxy-config.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import type { AssignmentSource } from './assignment-source.ts';
import type { GrantedIdentity } from './granted-identity.ts';
import { limitsOf, resolveAssignment } from './signer-assignment.ts';
import type { SignerAssignment } from './signer-assignment.ts';
import { decideSigner } from './signer-decision.ts';
import type { SignerDecision } from './signer-decision.ts';
import type { SignerLimits } from './signer-policy.ts';
import { signerRefused } from './signer-refusal.ts';
import type { SignerWorld } from './signer-world.ts';

/** Who asks for which signer. */
export interface SignerQuestion {
  readonly identity: GrantedIdentity;
  /** The client's wish; undefined or "" when it has none. */
  readonly certSigner: string | undefined;
  /** Of the pods that are meant; undefined when none is known or needed. */
  readonly podLabels: readonly Labels[] | undefined;
}

/** Proof that `identity` may have certificates of `signerName`. Only `grant` makes one. */
export class GrantedSigner {
  declare protected readonly proof: true;
  readonly signerName: SignerName;
  readonly source: AssignmentSource;
  /** What was asked for, where the caller gets its assigned signer instead. */
  readonly servedInsteadOf: SignerName | undefined;
  readonly limits: SignerLimits;
  readonly identity: GrantedIdentity;

  private constructor(identity: GrantedIdentity, decision: SignerDecision, limits: SignerLimits) {
    this.identity = identity;
    this.signerName = decision.signer;
    this.source = decision.source;
    this.servedInsteadOf = decision.servedInsteadOf;
    this.limits = limits;
  }

  /**
   * The signer that the configuration assigns to the caller; its wish is heard where it is one of
   * those. Unknown and not allowed read alike.
   *
   * Throws SIGNER_REFUSED, and SIGNER_NOT_ASSIGNED when there is neither wish nor assignment.
   */
  static grant(question: SignerQuestion, world: SignerWorld): GrantedSigner {
    const { identity, certSigner } = question;
    const assignment = assignmentFor(question, world);
    const decision = decideSigner(assignment, certSigner);
    const { allowedSigners } = identity.caller;
    if (allowedSigners !== 'all' && !allowedSigners.has(decision.signer)) {
      // Whoever vouched for the caller (a remote cluster, a token issuer) is not believed so far.
      throw signerRefused('signer_out_of_scope', { signer: decision.signer });
    }
    return new GrantedSigner(identity, decision, limitsOf(assignment));
  }
}

/** What the configuration assigns, before the wish is heard. */
function assignmentFor(
  { identity, podLabels }: SignerQuestion,
  world: SignerWorld,
): SignerAssignment {
  const { policy, proxyConfigs, settings, mesh } = world;
  const { id, caller } = identity;
  const workload = {
    identity: id,
    cluster: caller.cluster,
    namespaceLabels: world.namespaceLabels(id.namespace, caller.cluster),
    podLabels,
  };
  return resolveAssignment({ workload, policy, proxyConfigs, settings, mesh });
}
