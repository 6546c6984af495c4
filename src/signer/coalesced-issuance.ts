import { RaError } from '../base/ra-error.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { Decision, DecisionFacts } from '../ra/decision.ts';
import type { SigningOrder } from '../ra/signer.ts';

/** One caller of an issuance. */
export interface PartyMember {
  readonly order: SigningOrder;
  /** Whether the intent is on record; an error where it could not be put there. */
  intent: 'open' | 'written' | { readonly error: Error };
}

/**
 * Those who wait for one issuance: each was admitted by itself, and what happens is noted in the
 * decision of each.
 */
export class IssuanceParty {
  readonly key: string;
  /** The order of the one who came first; the others' differ in their callers alone. */
  readonly order: SigningOrder;
  readonly #members = new Set<PartyMember>();
  readonly #approvals: ApprovalLog;
  #facts: DecisionFacts = {};

  constructor(key: string, order: SigningOrder, approvals: ApprovalLog) {
    this.key = key;
    this.order = order;
    this.#approvals = approvals;
  }

  get size(): number {
    return this.#members.size;
  }

  join(order: SigningOrder): PartyMember {
    const { requestId } = this.order.decision;
    if (order !== this.order) order.decision.note({ ...this.#facts, sharedWith: requestId });
    const member: PartyMember = { order, intent: 'open' };
    this.#members.add(member);
    return member;
  }

  leave(member: PartyMember): void {
    this.#members.delete(member);
  }

  note(facts: DecisionFacts): void {
    this.#facts = { ...this.#facts, ...facts };
    for (const { order } of this.#members) order.decision.note(facts);
  }

  /** Runs a step on the account of a caller who still waits. */
  timed<T>(step: string, run: () => Promise<T>): Promise<T> {
    const [member] = this.#members;
    return member === undefined ? run() : member.order.decision.timed(step, run);
  }

  /**
   * Writes the intent of everybody who waits. Resolves when at least one is on record, which the
   * point of no return needs; the others' errors are theirs. Throws the first error when none is.
   */
  async intend(signal: AbortSignal): Promise<void> {
    await this.timed('intent', async () => {
      const members = [...this.#members];
      await Promise.all(members.map((member) => this.#intend(member, signal)));
      if (members.some(({ intent }) => intent === 'written')) return;
      signal.throwIfAborted();
      const failed = members
        .map(({ intent }) => intent)
        .find((intent) => typeof intent === 'object');
      throw failed?.error ?? new RaError('CANCELLED', 'nobody waits for the certificate any more');
    });
  }

  /** To be awaited before a member is given a certificate. Throws when its intent has no line. */
  async confirm(member: PartyMember, signal: AbortSignal): Promise<void> {
    if (member.intent === 'open') await this.#intend(member, signal);
    if (typeof member.intent === 'object') throw member.intent.error;
  }

  async #intend(member: PartyMember, signal: AbortSignal): Promise<void> {
    const { decision }: { readonly decision: Decision } = member.order;
    try {
      await this.#approvals.intent(decision, signal);
      member.intent = 'written';
    } catch (error) {
      member.intent = { error: error instanceof Error ? error : new Error(String(error)) };
    }
  }
}
