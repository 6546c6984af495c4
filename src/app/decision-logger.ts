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
  'INTERNAL',
]);

/** Writes each request's outcome as one log line. */
export class DecisionLogger implements DecisionLog {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  issued(decision: Decision): void {
    this.#log.info('certificate issued', linesOf(decision));
  }

  refused(decision: Decision, error: RaError): void {
    const fields = {
      ...linesOf(decision),
      code: error.code,
      reason: error.reason,
      explanation: error.message,
      ...error.fields,
    };
    if (error.code === 'INTERNAL') this.#log.error('certificate refused', { ...fields, error });
    else if (ours.has(error.code)) this.#log.warn('certificate refused', fields);
    else this.#log.info('certificate refused', fields);
  }
}

function linesOf(decision: Decision): Readonly<Record<string, unknown>> {
  return {
    requestId: decision.requestId,
    ...decision.facts,
    totalMs: decision.elapsedMs(),
    stepsMs: decision.stepsMs,
  };
}
