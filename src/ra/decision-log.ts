import type { RaError } from '../base/ra-error.ts';
import type { Decision } from './decision.ts';

/** Where every request's outcome is written, exactly once. */
export interface DecisionLog {
  issued(decision: Decision): void;
  refused(decision: Decision, error: RaError): void;
}
