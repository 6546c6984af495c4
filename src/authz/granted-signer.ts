import { printable } from '../base/logger.ts';
import { RaError } from '../base/ra-error.ts';
import type { Labels } from '../mesh/proxy-config.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import type { AssignmentInputs } from './assignment-inputs.ts';
import { describeSource } from './assignment-sources.ts';
import type { AssignmentSource, SignerRefusal } from './assignment-sources.ts';
import type { GrantedIdentity } from './granted-identity.ts';
import { limitsOf, resolveAssignment } from './signer-assignment.ts';
import type {
  AssignmentOutcome,
  AssignmentStep,
  SignerAssignment,
  Workload,
} from './signer-assignment.ts';
import type { SignerLimits } from './signer-policy.ts';
import { bindingsAgainst } from './signer-rule.ts';
import { readSignerText } from './signer-text.ts';

/** Who asks for which signer. */
export interface SignerQuestion {
  readonly identity: GrantedIdentity;
  /** The signer that the client requests; undefined or "" when it requests none. */
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
   * The signer that the configuration assigns to the caller, or the requested one where it is one of
   * those. Unknown and not allowed read alike.
   *
   * Throws SIGNER_REFUSED, and SIGNER_NOT_ASSIGNED when none is requested and none is assigned.
   */
  static grant(question: SignerQuestion, inputs: AssignmentInputs): GrantedSigner {
    const { identity, certSigner } = question;
    const assignment = assignmentFor(question, inputs);
    const decision = decideSigner(assignment, certSigner);
    const { allowedSigners } = identity.caller;
    if (allowedSigners !== 'all' && !allowedSigners.has(decision.signer)) {
      // The issuer of its identity (a remote cluster, a token issuer) is not trusted for this signer.
      throw signerRefused('signer_out_of_scope', { signer: decision.signer });
    }
    return new GrantedSigner(identity, decision, limitsOf(assignment));
  }
}

/** What the configuration assigns, whatever is requested. */
function assignmentFor(
  { identity, podLabels }: SignerQuestion,
  inputs: AssignmentInputs,
): SignerAssignment {
  const { policy, proxyConfigs, settings, mesh } = inputs;
  const { id, caller } = identity;
  const workload = {
    identity: id,
    cluster: caller.cluster,
    namespaceLabels: inputs.namespaceLabels(id.namespace, caller.cluster),
    podLabels,
  };
  return resolveAssignment({ workload, policy, proxyConfigs, settings, mesh });
}

/** The signer that a caller gets. */
export interface SignerDecision {
  readonly kind: 'granted';
  readonly signer: SignerName;
  readonly source: AssignmentSource;
  /**
   * The signer that the caller asked for, where it got its assigned default instead because only a
   * weaker source names what it asked for. To be counted and logged.
   */
  readonly servedInsteadOf: SignerName | undefined;
}

/**
 * Decides on the requested signer; where it is undefined or "" the assigned default is granted.
 *
 * Throws SIGNER_REFUSED, with the same public text whatever the reason, and SIGNER_NOT_ASSIGNED
 * where none is requested and none is assigned.
 */
export function decideSigner(
  assignment: SignerAssignment,
  requested: string | undefined,
): SignerDecision {
  const { outcome } = assignment;
  if (outcome.kind === 'refused') throw refusedOutcome(outcome);
  if (requested === undefined || requested === '') return assignedDefault(outcome);
  const read = readSignerText(requested, assignment.question.settings.signerDomain);
  if (read.kind === 'unusable')
    throw signerRefused(read.reason, { requested: printable(requested) });
  return grantRequested(assignment, read.name) ?? servedInstead(assignment, read.name);
}

function assignedDefault(outcome: AssignmentOutcome): SignerDecision {
  if (outcome.kind === 'assigned') return granted(outcome.default, outcome.source);
  throw new RaError('SIGNER_NOT_ASSIGNED', 'no signer was asked for and none is assigned', {
    reason: 'no_default_signer',
  });
}

function grantRequested(
  { outcome, question }: SignerAssignment,
  requested: SignerName,
): SignerDecision | undefined {
  if (outcome.kind === 'assigned' && outcome.signers.includes(requested)) {
    return granted(requested, outcome.source);
  }
  const { policy, workload, mesh } = question;
  if (policy.mode !== 'any' || mesh.trust.anchorsOf(requested).length === 0) return undefined;
  if (bindingsAgainst(policy, workload, requested).length > 0) return undefined;
  return granted(requested, { kind: 'any' });
}

function servedInstead(assignment: SignerAssignment, requested: SignerName): SignerDecision {
  const { outcome, weaker } = assignment;
  if (outcome.kind === 'assigned' && weaker.some(({ signer }) => signer === requested)) {
    return granted(outcome.default, outcome.source, requested);
  }
  throw signerRefused(whyNot(assignment, requested), { requested });
}

function whyNot({ question }: SignerAssignment, requested: SignerName): SignerRefusal {
  const { policy, workload, mesh } = question;
  if (mesh.trust.anchorsOf(requested).length === 0) return 'signer_unknown';
  if (bindingsAgainst(policy, workload, requested).length > 0) return 'signer_bound_elsewhere';
  return 'signer_not_assigned';
}

function granted(
  signer: SignerName,
  source: AssignmentSource,
  servedInsteadOf?: SignerName,
): SignerDecision {
  return { kind: 'granted', signer, source, servedInsteadOf };
}

function refusedOutcome({
  reason,
  source,
  because,
}: Extract<AssignmentOutcome, { kind: 'refused' }>): RaError {
  const assignedBy = source === undefined ? undefined : describeSource(source);
  return signerRefused(reason, { assignedBy, because });
}

/** What a workload would be told, and how that came about. It grants nothing. */
export interface SignerExplanation {
  readonly verdict:
    | {
        readonly kind: 'granted';
        readonly signer: SignerName;
        /** In words. */
        readonly source: string;
        readonly servedInsteadOf: string | undefined;
        readonly limits: SignerLimits;
      }
    | { readonly kind: 'refused'; readonly error: RaError };
  /** Each source that was asked, strongest first. */
  readonly steps: readonly AssignmentStep[];
}

/**
 * Decides as a request would be decided, by the same code, and keeps the trail. Never throws for a
 * refusal: it is the answer.
 */
export function explainSigner(
  workload: Workload,
  certSigner: string | undefined,
  inputs: AssignmentInputs,
): SignerExplanation {
  const { policy, proxyConfigs, settings, mesh } = inputs;
  const assignment = resolveAssignment({ workload, policy, proxyConfigs, settings, mesh });
  const steps = assignment.steps();
  try {
    const { signer, source, servedInsteadOf } = decideSigner(assignment, certSigner);
    const limits = limitsOf(assignment);
    const verdict = {
      kind: 'granted',
      signer,
      source: describeSource(source),
      servedInsteadOf,
      limits,
    } as const;
    return { verdict, steps };
  } catch (error) {
    return { verdict: { kind: 'refused', error: RaError.from(error) }, steps };
  }
}

/** The same public text for every reason, so that nobody learns which signers there are. */
export function signerRefused(
  reason: SignerRefusal,
  fields: Readonly<Record<string, unknown>> = {},
): RaError {
  const message = 'the caller may not have a certificate of that signer';
  return new RaError('SIGNER_REFUSED', message, { reason, fields });
}
