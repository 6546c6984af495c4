import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { RaError } from '../base/ra-error.ts';
import type { SigningRequest, SigningRequests } from '../kube/signing-requests.ts';
import type { SignedChain } from '../ra/signer.ts';
import type { ApiAttempts } from './limits/api-attempts.ts';
import { approve } from './csr/approve.ts';
import { followByReading } from './csr/follow.ts';
import type { HeldObject } from './csr/tracked-request.ts';
import { holdMsAfter, mayBeginAnew, verdictOn } from './issuance-end.ts';
import type { IssuanceParty } from './coalesced-issuance.ts';
import type { KeptRequests } from './cleanup/retained-requests.ts';
import { outcomeOf } from './csr/outcome.ts';
import type { Removals } from './cleanup/deletion-queue.ts';
import type { Rights } from './csr/permission-tracker.ts';
import type { PartySigner } from './request-coalescer.ts';
import type { SignerTurn, SignerTurns } from './limits/signer-limiter.ts';
import type { Silence } from './stalled-request-diagnosis.ts';
import type { Submissions } from './csr/submissions.ts';
import type { TakenCertificates } from './certificate-change-monitor.ts';

/** Who approves: we ourselves, or somebody else while we hold no right to. */
export type ApprovalMode = 'self' | 'external';

export interface KubernetesCsrSignerOptions {
  readonly requests: SigningRequests;
  readonly submissions: Submissions;
  readonly removals: Removals;
  readonly kept: KeptRequests;
  readonly turns: SignerTurns;
  readonly silence: Silence;
  readonly taken: TakenCertificates;
  readonly attempts: ApiAttempts;
  readonly rights: Rights;
  readonly approval: ApprovalMode;
  /** How long an approved request that ran out of time is kept for a retry, in milliseconds. */
  readonly keepForRetryMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** How long the signer has had a request, for the judgement of its silence. */
interface Wait {
  approvedAt: number | undefined;
}

/** Gets orders signed through CertificateSigningRequests, by whichever signer acts on them. */
export class KubernetesCsrSigner implements PartySigner {
  readonly #options: KubernetesCsrSignerOptions;

  constructor(options: KubernetesCsrSignerOptions) {
    this.#options = options;
  }

  async sign(party: IssuanceParty, signal: AbortSignal): Promise<SignedChain> {
    const { kept, turns, clock } = this.#options;
    // A certificate that is there needs no turn with its signer.
    if (kept.hasIssued(party.key)) return await this.#issue(party, newWait(), signal);
    const turn = await party.timed('turn', () => turns.take(party.order, signal));
    const wait = newWait();
    try {
      const chain = await this.#issue(party, wait, signal);
      turn.leave('issued');
      return { ...chain, checked: (error) => turn.judge(error === undefined ? 'good' : 'fault') };
    } catch (error) {
      const { approvedAt } = wait;
      const waitedMs = approvedAt === undefined ? undefined : clock.monotonic() - approvedAt;
      judge(turn, error, waitedMs);
      throw error;
    }
  }

  /** One object, and a second where the first vanished without any fault of the signer. */
  async #issue(party: IssuanceParty, wait: Wait, signal: AbortSignal): Promise<SignedChain> {
    const { kept, submissions } = this.#options;
    let held = kept.take(party.key);
    // Where somebody else approves, to create is what cannot be taken back.
    if (held === undefined && this.#options.approval === 'external') await party.intend(signal);
    const submit = (anew: boolean): Promise<HeldObject> =>
      party.timed('create', () => submissions.submit(party, { anew }, signal));
    held ??= await submit(false);
    try {
      return await this.#finish(held, { party, wait }, signal);
    } catch (error) {
      if (signal.aborted || !mayBeginAnew(error, held)) throw error;
      return await this.#finish(await submit(true), { party, wait }, signal);
    }
  }

  async #finish(
    held: HeldObject,
    { party, wait }: { readonly party: IssuanceParty; readonly wait: Wait },
    signal: AbortSignal,
  ): Promise<SignedChain> {
    const { clock } = this.#options;
    try {
      party.note({ csrName: held.object.name, csrUid: held.object.uid });
      await this.#approve(held, party, signal);
      if (held.mayBeApproved) wait.approvedAt ??= clock.monotonic();
      return await this.#awaitChain(held, { party, wait }, signal);
    } finally {
      this.#release(held, party.key, signal);
    }
  }

  async #approve(held: HeldObject, party: IssuanceParty, signal: AbortSignal): Promise<void> {
    const isExternal = this.#options.approval === 'external';
    if (!isExternal || held.isAdopted) await party.intend(signal);
    if (isExternal) return;
    held.mayBeApproved = true;
    held.object = await party.timed('approve', () => approve(held.object, this.#options, signal));
    held.subscription.observe(held.object);
  }

  async #awaitChain(
    held: HeldObject,
    { party, wait }: { readonly party: IssuanceParty; readonly wait: Wait },
    signal: AbortSignal,
  ): Promise<SignedChain> {
    const stop = this.#options.silence.watch(held.object, (signerSays) => {
      party.note({ signerSays });
    });
    try {
      const end = await party.timed('wait', () => this.#awaitEnd(held, wait, signal));
      held.object = end;
      const chain = signedOrThrow(end);
      // Our watch does not tell what becomes of another replica's.
      if (!held.isForeign) this.#options.taken.take(end, party.order.decision.requestId);
      return chain;
    } finally {
      stop();
    }
  }

  async #awaitEnd(held: HeldObject, wait: Wait, signal: AbortSignal): Promise<SigningRequest> {
    const { object, subscription, isForeign } = held;
    const isDone = (request: SigningRequest): boolean => {
      const outcome = outcomeOf(request);
      if (outcome.kind !== 'pending') return true;
      if (outcome.approved) {
        held.mayBeApproved = true;
        wait.approvedAt ??= this.#options.clock.monotonic();
      }
      return false;
    };
    // Our watch delivers what bears our label; what another replica made is read.
    const end =
      isForeign && !isDone(object)
        ? await followByReading(object, { ...this.#options, isDone }, signal)
        : await subscription.until(object.uid, isDone, signal);
    if (end !== 'gone') return end;
    throw new RaError('SIGNING_INTERRUPTED', 'the object was deleted before it was signed', {
      reason: 'deleted',
    });
  }

  /** Keeps, removes or leaves the object, as is due to those who may still want it. */
  #release(held: HeldObject, key: string, signal: AbortSignal): void {
    const { removals, kept, keepForRetryMs } = this.#options;
    const { object, subscription, isForeign, mayBeApproved } = held;
    const holdMs = mayBeApproved ? holdMsAfter(signal, keepForRetryMs) : 0;
    if (!isForeign && holdMs > 0 && outcomeOf(object).kind === 'pending') {
      kept.keep(key, held, holdMs);
      return;
    }
    subscription.close();
    // Its own replica still watches what is foreign; when that one died, the reaper removes it.
    if (!isForeign) removals.add({ name: object.name, uid: object.uid });
  }
}

function newWait(): Wait {
  return { approvedAt: undefined };
}

function judge(turn: SignerTurn, error: unknown, waitedMs: number | undefined): void {
  const verdict = verdictOn(error, waitedMs);
  turn.judge(verdict.kind);
  turn.leave(verdict.isSilence ? 'silent' : 'other');
}

function signedOrThrow(end: SigningRequest): SignedChain {
  const outcome = outcomeOf(end);
  switch (outcome.kind) {
    case 'issued':
      return { certificatePem: outcome.certificatePem };
    case 'denied':
    case 'failed':
      throw new RaError(
        outcome.kind === 'denied' ? 'SIGNING_DENIED' : 'SIGNING_FAILED',
        `the request was ${outcome.kind}: ${outcome.message}`,
        { reason: outcome.kind, fields: { conditionReason: outcome.reason } },
      );
    case 'pending':
      throw new Error('a pending request is not at its end');
  }
}
