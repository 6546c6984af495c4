import { abortable } from '../base/deadline.ts';
import { RaError } from '../base/ra-error.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { SignedChain, SigningOrder } from '../ra/signer.ts';
import { CoalescedIssuance } from './coalesced-issuance.ts';
import { fingerprintOf } from './signing-order.ts';

/** Does the work of an issuance for all who wait for it, until `issuance.signal` aborts. */
export type IssuanceWork = (issuance: CoalescedIssuance) => Promise<SignedChain>;

interface RunningIssuance {
  readonly issuance: CoalescedIssuance;
  readonly abort: AbortController;
  readonly result: Promise<SignedChain>;
}

/** One for all: an abort without a reason of its own makes an exception with a stack each time. */
const nobodyWaits = new RaError('CANCELLED', 'nobody waits for the certificate any more');
/** More callers of one request than there are agents that send the same bytes. */
const maxTogether = 256;

/**
 * Lets identical orders that are in flight share one issuance: the same identity, signer, key,
 * lifetime and bytes. Each caller comes with its own proofs, leaves at its own deadline without
 * ending the work for the others, and has its own lines in the audit trail.
 */
export class RequestCoalescer {
  readonly #approvals: ApprovalLog;
  readonly #running = new Map<string, RunningIssuance>();
  /** Issuances that nobody waits for any more, until they have cleaned up. */
  readonly #ending = new Map<string, Promise<unknown>>();
  #joined = 0;

  constructor(options: { readonly approvals: ApprovalLog }) {
    this.#approvals = options.approvals;
  }

  /** How many orders came to an issuance that was under way. */
  get joined(): number {
    return this.#joined;
  }

  /**
   * The chain that the running issuance for such an order ends with; where there is none, `work` is
   * started. Throws OVERLOADED when too many wait for it already, and what the work throws; on abort
   * the signal's reason.
   */
  async run(order: SigningOrder, signal: AbortSignal, work: IssuanceWork): Promise<SignedChain> {
    const key = fingerprintOf(order);
    const found = this.#running.get(key);
    if (found !== undefined) this.#countJoin(found);
    const { issuance, abort } = found ?? this.#open(key, order);
    const waiter = issuance.join(order);
    const running = found ?? this.#start(issuance, abort, work);
    try {
      const chain = await abortable(running.result, signal);
      await issuance.confirmIntent(waiter, signal);
      return chain;
    } finally {
      issuance.leave(waiter);
      if (issuance.size === 0) this.#abandon(running, signal);
    }
  }

  #countJoin({ issuance }: RunningIssuance): void {
    if (issuance.size >= maxTogether) {
      throw new RaError('OVERLOADED', 'too many send the same request', {
        reason: 'shared_issuance_full',
      });
    }
    this.#joined += 1;
  }

  #open(key: string, order: SigningOrder): Omit<RunningIssuance, 'result'> {
    const abort = new AbortController();
    const { signal } = abort;
    return {
      issuance: new CoalescedIssuance({ key, order, approvals: this.#approvals, signal }),
      abort,
    };
  }

  #start(issuance: CoalescedIssuance, abort: AbortController, work: IssuanceWork): RunningIssuance {
    const { key } = issuance;
    const result = this.#afterEnding(issuance, work);
    const running = { issuance, abort, result };
    this.#running.set(key, running);
    const settled = result
      .catch(() => undefined)
      .finally(() => {
        if (this.#running.get(key) === running) this.#running.delete(key);
        if (this.#ending.get(key) === settled) this.#ending.delete(key);
      });
    this.#ending.set(key, settled);
    return running;
  }

  async #afterEnding(issuance: CoalescedIssuance, work: IssuanceWork): Promise<SignedChain> {
    // An issuance that was abandoned a moment ago still has the object that this one will want.
    const before = this.#ending.get(issuance.key);
    if (before !== undefined) await abortable(before, issuance.signal);
    return await work(issuance);
  }

  /** Whoever comes from now on begins anew, with what this issuance leaves behind. */
  #abandon({ issuance, abort }: RunningIssuance, signal: AbortSignal): void {
    const running = this.#running.get(issuance.key);
    if (running?.issuance === issuance) this.#running.delete(issuance.key);
    abort.abort(signal.aborted ? signal.reason : nobodyWaits);
  }
}
