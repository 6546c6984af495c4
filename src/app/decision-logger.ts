import type { Logger } from '../base/logger.ts';
import type { RaError } from '../base/ra-error.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import type { Decision } from '../ra/decision.ts';

/** Codes that mean something is wrong on our side of the wire, not with the request. */
const ours = new Set([
  'ISSUED_CERTIFICATE_REJECTED',
  'KUBERNETES_REFUSED',
  'KUBERNETES_UNAVAILABLE',
  'AUTHENTICATION_UNAVAILABLE',
  'SIGNER_WITHOUT_ROOT',
  'SIGNER_TIMEOUT',
  'NOT_READY',
]);

/**
 * Tells people of each request's outcome in one log line, with the reason that the client is not
 * shown, and hands the outcome on to the audit log, which is what counts.
 */
export class DecisionLogger implements DecisionLog {
  readonly #log: Logger;
  readonly #audit: DecisionLog;

  constructor(log: Logger, audit: DecisionLog) {
    this.#log = log;
    this.#audit = audit;
  }

  async issued(decision: Decision): Promise<void> {
    await this.#audit.issued(decision);
    const { servedInsteadOf } = decision.facts;
    if (servedInsteadOf !== undefined) {
      this.#log.info(
        'certificate of the assigned signer, not of the one asked for',
        fieldsOf(decision),
      );
    }
    this.#log.debug('certificate issued', fieldsOf(decision));
  }

  refused(decision: Decision, error: RaError): void {
    const fields = {
      ...fieldsOf(decision),
      code: error.code,
      reason: error.reason,
      explanation: error.message,
      ...error.fields,
    };
    if (error.code === 'INTERNAL') this.#log.error('certificate refused', { ...fields, error });
    else if (ours.has(error.code)) this.#log.warn('certificate refused', fields);
    else this.#log.info('certificate refused', fields);
    this.#audit.refused(decision, error);
  }
}

function fieldsOf(decision: Decision): Readonly<Record<string, unknown>> {
  return {
    requestId: decision.requestId,
    ...decision.facts,
    totalMs: decision.elapsedMs(),
    stepsMs: decision.stepsMs,
  };
}
