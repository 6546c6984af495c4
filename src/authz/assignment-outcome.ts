import type { SignerName } from '../mesh/signer-name.ts';
import type { AssignmentSource } from './assignment-source.ts';
import type { SignerLimits } from './signer-policy.ts';
import type { SignerRefusal } from './signer-refusal.ts';

/** What the configuration assigns, before anybody's wish is heard. */
export type AssignmentOutcome =
  | {
      readonly kind: 'assigned';
      readonly signers: readonly SignerName[];
      /** One of `signers`: what a caller without a wish gets. */
      readonly default: SignerName;
      readonly source: AssignmentSource;
      readonly limits: SignerLimits;
    }
  | { readonly kind: 'unassigned' }
  /** A source speaks and must not be followed; weaker ones are not asked instead. */
  | {
      readonly kind: 'refused';
      readonly reason: SignerRefusal;
      readonly source: AssignmentSource | undefined;
      /** Half a sentence. */
      readonly because: string;
    };
