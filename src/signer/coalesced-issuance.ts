import { RaError } from '../base/ra-error.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { Decision, DecisionFacts } from '../ra/decision.ts';
import type { SigningOrder } from '../ra/signer.ts';

/** One caller of an issuance. */
export interface IssuanceWaiter {
  readonly order: SigningOrder;
  /** Whether the intent is on record; an error where it could not be put there. */
  intent: 'open' | 'written' | { readonly error: Error };
}

export interface CoalescedIssuanceOptions {
  readonly key: string;
  readonly order: SigningOrder;
  readonly approvals: ApprovalLog;
  /** Aborts when the last of the waiters has left, with its reason. */
  readonly signal: AbortSignal;
}

/**
 * One certificate in the making, and all callers that wait for it. Each of them was admitted by
 * itself, and what happens is noted in the decision of each.
 */
export class CoalescedIssuance {
  /** What identical orders have in common. */
  readonly key: string;
  /** The order of the first caller; the others' orders differ in their callers alone. */
  readonly order: SigningOrder;
  readonly signal: AbortSignal;
  /** Since when the signer has had an approved request of it, on the monotonic clock. */
  approvedAt: number | undefined;
  readonly #waiters = new Set<IssuanceWaiter>();
  readonly #approvals: ApprovalLog;
  #facts: DecisionFacts = {};

  constructor({ key, order, approvals, signal }: CoalescedIssuanceOptions) {
    this.key = key;
    this.order = order;
    this.signal = signal;
    this.#approvals = approvals;
  }

  /** How many callers wait. */
  get size(): number {
    return this.#waiters.size;
  }

  join(order: SigningOrder): IssuanceWaiter {
    const { requestId } = this.order.decision;
    if (order !== this.order) order.decision.note({ ...this.#facts, sharedWith: requestId });
    const waiter: IssuanceWaiter = { order, intent: 'open' };
    this.#waiters.add(waiter);
    return waiter;
  }

  leave(waiter: IssuanceWaiter): void {
    this.#waiters.delete(waiter);
  }

  note(facts: DecisionFacts): void {
    this.#facts = { ...this.#facts, ...facts };
    for (const { order } of this.#waiters) order.decision.note(facts);
  }

  /** Runs a step on the account of a caller who still waits. */
  timed<T>(step: string, run: () => Promise<T>): Promise<T> {
    const [waiter] = this.#waiters;
    return waiter === undefined ? run() : waiter.order.decision.timed(step, run);
  }

  /**
   * Writes the intent of everybody who waits. Resolves when at least one is on record, which the
   * point of no return needs; the others' errors are theirs. Throws the first error when none is.
   */
  async recordIntent(): Promise<void> {
    const { signal } = this;
    await this.timed('intent', async () => {
      const waiters = [...this.#waiters];
      await Promise.all(waiters.map((waiter) => this.#recordIntentOf(waiter, signal)));
      if (waiters.some(({ intent }) => intent === 'written')) return;
      signal.throwIfAborted();
      const failed = waiters
        .map(({ intent }) => intent)
        .find((intent) => typeof intent === 'object');
      throw failed?.error ?? new RaError('CANCELLED', 'nobody waits for the certificate any more');
    });
  }

  /** To be awaited before a caller is given a certificate. Throws when its intent has no line. */
  async confirmIntent(waiter: IssuanceWaiter, signal: AbortSignal): Promise<void> {
    if (waiter.intent === 'open') await this.#recordIntentOf(waiter, signal);
    if (typeof waiter.intent === 'object') throw waiter.intent.error;
  }

  async #recordIntentOf(waiter: IssuanceWaiter, signal: AbortSignal): Promise<void> {
    const { decision }: { readonly decision: Decision } = waiter.order;
    try {
      await this.#approvals.intent(decision, signal);
      waiter.intent = 'written';
    } catch (error) {
      waiter.intent = { error: error instanceof Error ? error : new Error(String(error)) };
    }
  }
}
