import { errorTable } from '../base/error-table.ts';
import type { RaError } from '../base/ra-error.ts';

/**
 * How a request ended. `abandoned`: nobody decided against it, but the client went away, its time was
 * used up or the server stopped. A signer may have issued all the same.
 */
export type RequestOutcome = 'issued' | 'refused' | 'abandoned';

/** The outcome that an error stands for; of no error, `issued`. */
export function requestOutcomeOf(error: RaError | undefined): RequestOutcome {
  if (error === undefined) return 'issued';
  return error.reason === 'shutting_down' ? 'abandoned' : errorTable[error.code].outcome;
}
