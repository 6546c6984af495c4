import type { Logger } from '../base/logger.ts';
import { isConflict, isForbidden, isNotFound } from '../kube/api-error.ts';
import type { WorkOutcome } from './keyed-work-queue.ts';

/** What changed under our hands is looked at again as soon as the watch has told of it. */
const afterConflictMs = 1_000;
/** A namespace that is not there, or goes: the watch will say so. */
const afterAbsenceMs = 30_000;
/** Only a person can mend a missing right. */
const afterRefusalMs = 300_000;

/** The answers of an API server that will not change by asking again soon. */
export class WriteRefusals {
  readonly #log: Logger;
  readonly #reported = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** When to try again; undefined when it is worth another try by the usual back-off. */
  outcomeOf(namespace: string, error: unknown): WorkOutcome | undefined {
    if (isConflict(error)) return { againInMs: afterConflictMs };
    if (isNotFound(error)) return { againInMs: afterAbsenceMs };
    if (!isForbidden(error) || !(error instanceof Error)) return undefined;
    if (error.message.includes('being terminated')) return { againInMs: afterAbsenceMs };
    this.#report(namespace, error);
    return { againInMs: afterRefusalMs };
  }

  /** Each missing right once; quotas and admission refuse in the same way but name no right. */
  #report(namespace: string, error: Error): void {
    const [, verb] = /cannot (\w+) resource/.exec(error.message) ?? [];
    if (this.#reported.has(verb ?? '')) return;
    this.#reported.add(verb ?? '');
    const missing = verb === undefined ? {} : { missing: `${verb} configmaps in all namespaces` };
    this.#log.warn('the roots may not be written and clients there cannot verify us', {
      namespace,
      error,
      ...missing,
    });
  }
}
