import type { RaError } from '../base/ra-error.ts';
import type { DecisionLog } from './decision-log.ts';
import type { Decision } from './decision.ts';
import { requestOutcomeOf } from './request-outcome.ts';
import type { RequestOutcome } from './request-outcome.ts';

/** One request that was decided, without anything that a certificate could be misused with. */
export interface RecentDecision {
  /** Grows by one with each decision of this process. */
  readonly sequence: number;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly requestId: string;
  readonly outcome: RequestOutcome;
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly identity: string | undefined;
  readonly caller: string | undefined;
  /** The caller's cluster. */
  readonly cluster: string | undefined;
  readonly certSigner: string | undefined;
  readonly signer: string | undefined;
  readonly assignedBy: string | undefined;
  readonly servedInsteadOf: string | undefined;
  readonly notAfter: string | undefined;
  readonly totalMs: number;
  readonly stepsMs: Readonly<Record<string, number>>;
}

const maxKept = 2_000;

/** The newest decisions, for people who look; the audit log is what counts. */
export class RecentDecisions implements DecisionLog {
  readonly #next: DecisionLog;
  readonly #now: () => number;
  readonly #kept: RecentDecision[] = [];
  readonly #listeners: ((decision: RecentDecision) => void)[] = [];
  #sequence = 0;

  /** `now` in milliseconds since the Unix epoch. */
  constructor(next: DecisionLog, now: () => number) {
    this.#next = next;
    this.#now = now;
  }

  /** The sequence number of the newest; 0 before the first. */
  get newest(): number {
    return this.#sequence;
  }

  /** Tells of each decision from now on. The listener must not throw: a request waits for it. */
  onEach(listener: (decision: RecentDecision) => void): void {
    this.#listeners.push(listener);
  }

  /** Those after a sequence number, the oldest of them first. */
  after(sequence: number): readonly RecentDecision[] {
    const first = this.#kept[0]?.sequence ?? 1;
    return this.#kept.slice(Math.max(0, sequence - first + 1));
  }

  /** The newest refusals of an identity, or of a caller by that identity; the newest first. */
  refusalsOf(uri: string, max: number): readonly RecentDecision[] {
    return this.#kept
      .filter(
        ({ outcome, identity, caller }) => outcome !== 'issued' && (identity ?? caller) === uri,
      )
      .slice(-max)
      .reverse();
  }

  async issued(decision: Decision): Promise<void> {
    await this.#next.issued(decision);
    this.#keep(decision, undefined);
  }

  refused(decision: Decision, error: RaError): void {
    this.#next.refused(decision, error);
    this.#keep(decision, error);
  }

  #keep(decision: Decision, error: RaError | undefined): void {
    const { identity, caller, certSigner, signer, assignedBy, servedInsteadOf, notAfter } =
      decision.facts;
    this.#sequence += 1;
    const kept: RecentDecision = {
      sequence: this.#sequence,
      time: this.#now(),
      requestId: decision.requestId,
      outcome: requestOutcomeOf(error),
      code: error?.code,
      reason: error?.reason,
      cluster: decision.facts.callerCluster,
      identity,
      caller,
      signer,
      assignedBy,
      servedInsteadOf,
      notAfter,
      // The one text that a client chose itself.
      certSigner: certSigner?.slice(0, 256),
      totalMs: decision.elapsedMs(),
      stepsMs: { ...decision.stepsMs },
    };
    this.#kept.push(kept);
    if (this.#kept.length > maxKept) this.#kept.shift();
    for (const listener of this.#listeners) listener(kept);
  }
}
