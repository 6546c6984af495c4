import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { RaError } from '../base/ra-error.ts';
import type { SigningRequest, SigningRequests } from '../kube/signing-requests.ts';
import type { SignedChain } from '../ra/signer.ts';
import type { ApiAttempts } from './limits/api-attempts.ts';
import { approve } from './csr/approve.ts';
import { followByReading } from './csr/follow.ts';
import type { TrackedRequest } from './csr/tracked-request.ts';
import { holdMsAfter, mayBeginAnew, verdictOn } from './issuance-end.ts';
import type { CoalescedIssuance } from './coalesced-issuance.ts';
import type { RetainedRequests } from './cleanup/retained-requests.ts';
import { outcomeOf } from './csr/outcome.ts';
import type { DeletionQueue } from './cleanup/deletion-queue.ts';
import type { PermissionTracker } from './csr/permission-tracker.ts';
import type { IssuanceSigner } from './request-coalescer.ts';
import type { SigningPermit, SignerLimiter } from './limits/signer-limiter.ts';
import type { StalledRequestDiagnosis } from './stalled-request-diagnosis.ts';
import type { Submissions } from './csr/submissions.ts';
import type { CertificateChangeMonitor } from './certificate-change-monitor.ts';

/** Who approves: we ourselves, or somebody else while we hold no right to. */
export type ApprovalMode = 'self' | 'external';

export interface BackendSignerOptions {
  readonly requests: SigningRequests;
  readonly submissions: Submissions;
  readonly deletions: DeletionQueue;
  readonly retained: RetainedRequests;
  readonly limiter: SignerLimiter;
  readonly diagnosis: StalledRequestDiagnosis;
  readonly changeMonitor: CertificateChangeMonitor;
  readonly attempts: ApiAttempts;
  readonly permissions: PermissionTracker;
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
export class BackendSigner implements IssuanceSigner {
  readonly #options: BackendSignerOptions;

  constructor(options: BackendSignerOptions) {
    this.#options = options;
  }

  async sign(issuance: CoalescedIssuance, signal: AbortSignal): Promise<SignedChain> {
    const { retained, limiter, clock } = this.#options;
    // A certificate that is there needs no turn with its signer.
    if (retained.hasIssued(issuance.key)) return await this.#issue(issuance, newWait(), signal);
    const permit = await issuance.timed('turn', () => limiter.acquire(issuance.order, signal));
    const wait = newWait();
    try {
      const chain = await this.#issue(issuance, wait, signal);
      permit.release('issued');
      return { ...chain, checked: (error) => permit.judge(error === undefined ? 'good' : 'fault') };
    } catch (error) {
      const { approvedAt } = wait;
      const waitedMs = approvedAt === undefined ? undefined : clock.monotonic() - approvedAt;
      judge(permit, error, waitedMs);
      throw error;
    }
  }

  /** One object, and a second where the first vanished without any fault of the signer. */
  async #issue(issuance: CoalescedIssuance, wait: Wait, signal: AbortSignal): Promise<SignedChain> {
    const { retained, submissions } = this.#options;
    let tracked = retained.reclaim(issuance.key);
    // Where somebody else approves, to create is what cannot be taken back.
    if (tracked === undefined && this.#options.approval === 'external') await issuance.intend(signal);
    const submit = (anew: boolean): Promise<TrackedRequest> =>
      issuance.timed('create', () => submissions.submit(issuance, { anew }, signal));
    tracked ??= await submit(false);
    try {
      return await this.#finish(tracked, { issuance, wait }, signal);
    } catch (error) {
      if (signal.aborted || !mayBeginAnew(error, tracked)) throw error;
      return await this.#finish(await submit(true), { issuance, wait }, signal);
    }
  }

  async #finish(
    tracked: TrackedRequest,
    { issuance, wait }: { readonly issuance: CoalescedIssuance; readonly wait: Wait },
    signal: AbortSignal,
  ): Promise<SignedChain> {
    const { clock } = this.#options;
    try {
      issuance.note({ csrName: tracked.object.name, csrUid: tracked.object.uid });
      await this.#approve(tracked, issuance, signal);
      if (tracked.mayBeApproved) wait.approvedAt ??= clock.monotonic();
      return await this.#awaitChain(tracked, { issuance, wait }, signal);
    } finally {
      this.#release(tracked, issuance.key, signal);
    }
  }

  async #approve(tracked: TrackedRequest, issuance: CoalescedIssuance, signal: AbortSignal): Promise<void> {
    const isExternal = this.#options.approval === 'external';
    if (!isExternal || tracked.isAdopted) await issuance.intend(signal);
    if (isExternal) return;
    tracked.mayBeApproved = true;
    tracked.object = await issuance.timed('approve', () => approve(tracked.object, this.#options, signal));
    tracked.subscription.observe(tracked.object);
  }

  async #awaitChain(
    tracked: TrackedRequest,
    { issuance, wait }: { readonly issuance: CoalescedIssuance; readonly wait: Wait },
    signal: AbortSignal,
  ): Promise<SignedChain> {
    const stop = this.#options.diagnosis.watch(tracked.object, (signerSays) => {
      issuance.note({ signerSays });
    });
    try {
      const end = await issuance.timed('wait', () => this.#awaitEnd(tracked, wait, signal));
      tracked.object = end;
      const chain = signedOrThrow(end);
      // Our watch does not tell what becomes of another replica's.
      if (!tracked.isForeign) this.#options.changeMonitor.collected(end, issuance.order.decision.requestId);
      return chain;
    } finally {
      stop();
    }
  }

  async #awaitEnd(tracked: TrackedRequest, wait: Wait, signal: AbortSignal): Promise<SigningRequest> {
    const { object, subscription, isForeign } = tracked;
    const isDone = (request: SigningRequest): boolean => {
      const outcome = outcomeOf(request);
      if (outcome.kind !== 'pending') return true;
      if (outcome.approved) {
        tracked.mayBeApproved = true;
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
  #release(tracked: TrackedRequest, key: string, signal: AbortSignal): void {
    const { deletions, retained, keepForRetryMs } = this.#options;
    const { object, subscription, isForeign, mayBeApproved } = tracked;
    const holdMs = mayBeApproved ? holdMsAfter(signal, keepForRetryMs) : 0;
    if (!isForeign && holdMs > 0 && outcomeOf(object).kind === 'pending') {
      retained.retain(key, tracked, holdMs);
      return;
    }
    subscription.close();
    // Its own replica still watches what is foreign; when that one died, the reaper removes it.
    if (!isForeign) deletions.add({ name: object.name, uid: object.uid });
  }
}

function newWait(): Wait {
  return { approvedAt: undefined };
}

function judge(permit: SigningPermit, error: unknown, waitedMs: number | undefined): void {
  const verdict = verdictOn(error, waitedMs);
  permit.judge(verdict.kind);
  permit.release(verdict.isStalled ? 'stalled' : 'other');
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
