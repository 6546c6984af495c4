import { RaError } from '../base/ra-error.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import { describeSource } from './assignment-source.ts';
import type { AssignmentStep } from './assignment-steps.ts';
import { limitsOf, resolveAssignment } from './signer-assignment.ts';
import type { Workload } from './signer-assignment.ts';
import { decideSigner } from './signer-decision.ts';
import type { SignerLimits } from './signer-policy.ts';
import type { SignerWorld } from './signer-world.ts';

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
  world: SignerWorld,
): SignerExplanation {
  const { policy, proxyConfigs, settings, mesh } = world;
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
