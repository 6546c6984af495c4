import type { Span, Tracer } from '@opentelemetry/api';
import type { Logger } from '../base/logger.ts';
import { RaError } from '../base/ra-error.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import type { Decision } from '../ra/decision.ts';
import { endRequestSpan, openRequestSpan } from './decision-spans.ts';

export interface TracedDecisionsOptions {
  readonly decisions: DecisionLog;
  readonly tracer: Tracer;
  readonly log: Logger;
}

/**
 * Makes the spans of each request once it is over, out of what its steps noted. So no request carries
 * a context through its awaits, which costs each of them, and none waits for a collector or fails
 * for want of a trace.
 */
export class TracedDecisions implements DecisionLog {
  readonly #options: TracedDecisionsOptions;

  constructor(options: TracedDecisionsOptions) {
    this.#options = options;
  }

  async issued(decision: Decision): Promise<void> {
    const span = this.#open(decision);
    try {
      await this.#options.decisions.issued(decision);
    } catch (error) {
      this.#end(span, decision, RaError.from(error));
      throw error;
    }
    this.#end(span, decision, undefined);
  }

  refused(decision: Decision, error: RaError): void {
    const span = this.#open(decision);
    try {
      this.#options.decisions.refused(decision, error);
    } finally {
      this.#end(span, decision, error);
    }
  }

  #open(decision: Decision): Span | undefined {
    return this.#guarded(decision, (tracer) => openRequestSpan(tracer, decision));
  }

  #end(span: Span | undefined, decision: Decision, error: RaError | undefined): void {
    if (span === undefined) return;
    this.#guarded(decision, (tracer) => {
      endRequestSpan(tracer, span, { decision, error });
    });
  }

  #guarded<T>({ requestId }: Decision, work: (tracer: Tracer) => T): T | undefined {
    try {
      return work(this.#options.tracer);
    } catch (error) {
      this.#options.log.error('a request was not traced', { requestId, error });
      return undefined;
    }
  }
}
