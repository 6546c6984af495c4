import type { Clock } from '../base/clock.ts';
import { abortable, Deadline } from '../base/deadline.ts';
import { RaError } from '../base/ra-error.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { SignedChain, Signer, SigningOrder } from '../ra/signer.ts';
import { CoalescedIssuance } from './coalesced-issuance.ts';
import { assertOneIdentity } from './csr/request-draft.ts';
import { fingerprintOf } from './csr/request-name.ts';

/** Does the work of an issuance for all who wait for it. */
export interface IssuanceSigner {
  /** As `Signer.sign`; `signal` aborts when the last of the party has left, with its reason. */
  sign(coalesced: CoalescedIssuance, signal: AbortSignal): Promise<SignedChain>;
}

export interface RequestCoalescerOptions {
  readonly signer: IssuanceSigner;
  readonly approvals: ApprovalLog;
  readonly clock: Clock;
  /** How long a signer may take, in milliseconds, where it has less than the request has. */
  readonly budgetMsFor?: ((signerName: string) => number | undefined) | undefined;
}

interface Issuance {
  readonly coalesced: CoalescedIssuance;
  readonly abort: AbortController;
  readonly result: Promise<SignedChain>;
}

/** One for all: an abort without a reason of its own makes an exception with a stack each time. */
const nobodyWaits = new RaError('CANCELLED', 'nobody waits for the certificate any more');
/** More callers of one request than there are agents that send the same bytes. */
const mostTogether = 256;

/**
 * Lets identical orders that are in flight share one object: the same identity, signer, key,
 * lifetime and bytes. Each caller comes with its own proofs, leaves at its own deadline without
 * ending the work for the others, and has its own lines in the audit trail.
 */
export class RequestCoalescer implements Signer {
  readonly #options: RequestCoalescerOptions;
  readonly #running = new Map<string, Issuance>();
  /** Those that nobody waits for any more, until they have cleaned up. */
  readonly #ending = new Map<string, Promise<unknown>>();
  #joined = 0;

  constructor(options: RequestCoalescerOptions) {
    this.#options = options;
  }

  /** How many orders came to an issuance that was under way. */
  get joined(): number {
    return this.#joined;
  }

  async sign(order: SigningOrder, signal: AbortSignal): Promise<SignedChain> {
    signal.throwIfAborted();
    assertOneIdentity(order);
    const budget = this.#budgetFor(order, signal);
    try {
      return await this.#join(order, budget?.signal ?? signal);
    } finally {
      budget?.release();
    }
  }

  #budgetFor({ granted }: SigningOrder, parent: AbortSignal): Deadline | undefined {
    const { clock, budgetMsFor } = this.#options;
    const ms = budgetMsFor?.(granted.signerName);
    if (ms === undefined) return undefined;
    const reason = (): Error =>
      new RaError('SIGNER_TIMEOUT', `no certificate within the ${ms} ms of the signer`);
    return new Deadline({ clock, ms, parent, reason });
  }

  async #join(order: SigningOrder, signal: AbortSignal): Promise<SignedChain> {
    const key = fingerprintOf(order);
    const running = this.#running.get(key);
    if (running !== undefined) this.#countJoin(running);
    const coalesced = running?.coalesced ?? new CoalescedIssuance(key, order, this.#options.approvals);
    const waiter = coalesced.join(order);
    const issuance = running ?? this.#start(coalesced);
    try {
      const chain = await abortable(issuance.result, signal);
      await coalesced.confirm(waiter, signal);
      return chain;
    } finally {
      coalesced.leave(waiter);
      if (coalesced.size === 0) this.#abandon(issuance, signal);
    }
  }

  #countJoin({ coalesced }: Issuance): void {
    if (coalesced.size >= mostTogether) {
      throw new RaError('OVERLOADED', 'too many send the same request', {
        reason: 'shared_issuance_full',
      });
    }
    this.#joined += 1;
  }

  #start(coalesced: CoalescedIssuance): Issuance {
    const { key } = coalesced;
    const abort = new AbortController();
    const result = this.#run(coalesced, abort.signal);
    const issuance = { coalesced, abort, result };
    this.#running.set(key, issuance);
    const settled = result
      .catch(() => undefined)
      .finally(() => {
        if (this.#running.get(key) === issuance) this.#running.delete(key);
        if (this.#ending.get(key) === settled) this.#ending.delete(key);
      });
    this.#ending.set(key, settled);
    return issuance;
  }

  async #run(coalesced: CoalescedIssuance, signal: AbortSignal): Promise<SignedChain> {
    // One that was left a moment ago still holds the object that this one will want.
    const before = this.#ending.get(coalesced.key);
    if (before !== undefined) await abortable(before, signal);
    return await this.#options.signer.sign(coalesced, signal);
  }

  /** Whoever comes from now on begins anew, with what this one leaves behind. */
  #abandon({ coalesced, abort }: Issuance, signal: AbortSignal): void {
    const running = this.#running.get(coalesced.key);
    if (running?.coalesced === coalesced) this.#running.delete(coalesced.key);
    abort.abort(signal.aborted ? signal.reason : nobodyWaits);
  }
}
