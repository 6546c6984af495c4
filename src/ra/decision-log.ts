import type { RaError } from '../base/ra-error.ts';
import type { Decision } from './decision.ts';

/** Where every request's outcome is written, exactly once. */
export interface DecisionLog {
  /** Resolves when the line is kept. When it rejects nobody gets the certificate. */
  issued(decision: Decision): Promise<void>;
  refused(decision: Decision, error: RaError): void;
}
