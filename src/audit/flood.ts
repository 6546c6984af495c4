import type { RaError } from '../base/ra-error.ts';
import type { Decision } from '../ra/decision.ts';

/** How many refusals that come in crowds get a line of their own in one second, in the log and in the audit log. */
export const crowdLinesPerSecond = 100;

/**
 * Whether refusals of this kind come in crowds: callers that are not authenticated cost us nothing to make,
 * and who is turned away because many come at once is one of many.
 */
export function comesInCrowds(decision: Decision, error: RaError): boolean {
  return decision.facts.caller === undefined || error.code === 'OVERLOADED';
}
