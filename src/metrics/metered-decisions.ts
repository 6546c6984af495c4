import type { Logger } from '../base/logger.ts';
import { RaError } from '../base/ra-error.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import type { Decision } from '../ra/decision.ts';

/** What is told of each request's end; `error` is undefined for a certificate. */
export type OnEnded = (decision: Decision, error: RaError | undefined) => void;

export interface MeteredDecisionsOptions {
  readonly decisions: DecisionLog;
  readonly onEnded: OnEnded;
  readonly log: Logger;
}

/** Counts each request with the outcome that its client gets, then leaves it as it is. */
export class MeteredDecisions implements DecisionLog {
  readonly #options: MeteredDecisionsOptions;

  constructor(options: MeteredDecisionsOptions) {
    this.#options = options;
  }

  async issued(decision: Decision): Promise<void> {
    try {
      await this.#options.decisions.issued(decision);
    } catch (error) {
      // Without a line in the audit log nobody gets the certificate.
      this.#count(decision, RaError.from(error));
      throw error;
    }
    this.#count(decision, undefined);
  }

  refused(decision: Decision, error: RaError): void {
    try {
      this.#options.decisions.refused(decision, error);
    } finally {
      this.#count(decision, error);
    }
  }

  /** A number that cannot be kept is no reason to withhold a certificate. */
  #count(decision: Decision, error: RaError | undefined): void {
    try {
      this.#options.onEnded(decision, error);
    } catch (problem) {
      const { requestId } = decision;
      this.#options.log.error('a request was not counted', { requestId, error: problem });
    }
  }
}
