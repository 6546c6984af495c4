import type { Clock } from '../base/clock.ts';
import { errorTable } from '../base/error-table.ts';
import type { Logger } from '../base/logger.ts';
import type { RaError } from '../base/ra-error.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import type { Decision } from '../ra/decision.ts';
import { comesInCrowds, crowdLinesPerSecond } from './flood.ts';

/**
 * Tells people of each request's outcome in one log line, with the reason that the client is not
 * shown, and hands the outcome on to the audit log, which is what counts.
 */
export class DecisionLogger implements DecisionLog {
  readonly #log: Logger;
  readonly #audit: DecisionLog;
  readonly #clock: Clock;
  #second = 0;
  #crowdLines = 0;

  constructor(options: {
    readonly log: Logger;
    readonly audit: DecisionLog;
    readonly clock: Clock;
  }) {
    this.#log = options.log;
    this.#audit = options.audit;
    this.#clock = options.clock;
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
    this.#audit.refused(decision, error);
    if (comesInCrowds(decision, error) && this.#isFlood()) return;
    const fields = {
      ...fieldsOf(decision),
      code: error.code,
      reason: error.reason,
      explanation: error.message,
      ...error.fields,
    };
    const { logLevel } = errorTable[error.code];
    this.#log[logLevel](
      'certificate refused',
      logLevel === 'error' ? { ...fields, error } : fields,
    );
  }

  /** A crowd must not be able to fill the log, whose lines are written as they come; the audit log counts the rest. */
  #isFlood(): boolean {
    const second = Math.floor(this.#clock.monotonic() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#crowdLines = 0;
    }
    this.#crowdLines += 1;
    return this.#crowdLines > crowdLinesPerSecond;
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
