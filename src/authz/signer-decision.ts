import { printable } from '../base/logger.ts';
import { RaError } from '../base/ra-error.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import { describeSource } from './assignment-source.ts';
import type { AssignmentSource } from './assignment-source.ts';
import type { AssignmentOutcome } from './assignment-outcome.ts';
import type { SignerAssignment } from './signer-assignment.ts';
import { signerRefused } from './signer-refusal.ts';
import type { SignerRefusal } from './signer-refusal.ts';
import { bindingsAgainst } from './signer-rule.ts';
import { readSignerText } from './signer-text.ts';

/** The signer that a caller gets. */
export interface SignerDecision {
  readonly kind: 'granted';
  readonly signer: SignerName;
  readonly source: AssignmentSource;
  /**
   * The signer that the caller asked for, where it got its assigned default instead because only a
   * weaker source names the wish. To be counted and logged.
   */
  readonly servedInsteadOf: SignerName | undefined;
}

/**
 * Hears a wish; undefined and "" are none, and then the assigned default is granted.
 *
 * Throws SIGNER_REFUSED, with the same public text whatever the reason, and SIGNER_NOT_ASSIGNED
 * where there is neither wish nor assignment.
 */
export function decideSigner(
  assignment: SignerAssignment,
  wish: string | undefined,
): SignerDecision {
  const { outcome } = assignment;
  if (outcome.kind === 'refused') throw refusedOutcome(outcome);
  if (wish === undefined || wish === '') return withoutWish(outcome);
  const wished = readSignerText(wish, assignment.question.settings.signerDomain);
  if (wished.kind === 'unusable') throw signerRefused(wished.reason, { wish: printable(wish) });
  return grantedWish(assignment, wished.name) ?? servedInstead(assignment, wished.name);
}

function withoutWish(outcome: AssignmentOutcome): SignerDecision {
  if (outcome.kind === 'assigned') return granted(outcome.default, outcome.source);
  throw new RaError('SIGNER_NOT_ASSIGNED', 'no signer was asked for and none is assigned', {
    reason: 'no_default_signer',
  });
}

function grantedWish(
  { outcome, question }: SignerAssignment,
  wish: SignerName,
): SignerDecision | undefined {
  if (outcome.kind === 'assigned' && outcome.signers.includes(wish)) {
    return granted(wish, outcome.source);
  }
  const { policy, workload, mesh } = question;
  if (policy.mode !== 'any' || mesh.trust.rootsFor(wish).length === 0) return undefined;
  if (bindingsAgainst(policy, workload, wish).length > 0) return undefined;
  return granted(wish, { kind: 'any' });
}

function servedInstead(assignment: SignerAssignment, wish: SignerName): SignerDecision {
  const { outcome, weaker } = assignment;
  if (outcome.kind === 'assigned' && weaker.some(({ signer }) => signer === wish)) {
    return granted(outcome.default, outcome.source, wish);
  }
  throw signerRefused(whyNot(assignment, wish), { wish });
}

function whyNot({ question }: SignerAssignment, wish: SignerName): SignerRefusal {
  const { policy, workload, mesh } = question;
  if (mesh.trust.rootsFor(wish).length === 0) return 'signer_unknown';
  if (bindingsAgainst(policy, workload, wish).length > 0) return 'signer_bound_elsewhere';
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
