import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { RaError } from '../base/ra-error.ts';
import type { SignedChain, Signer, SigningOrder } from '../ra/signer.ts';
import type { CertificateChangeMonitor } from './certificate-change-monitor.ts';
import type { DeletionQueue } from './cleanup/deletion-queue.ts';
import type { RetainedRequests } from './cleanup/retained-requests.ts';
import type { CoalescedIssuance } from './coalesced-issuance.ts';
import { mayCreateAnew, retentionMsAfter, verdictOn } from './issuance-end.ts';
import type { SignerLimiter } from './limits/signer-limiter.ts';
import type { IssuanceWork, RequestCoalescer } from './request-coalescer.ts';
import type { SigningBackend, SigningOutcome, TrackedRequest } from './signing-backend.ts';
import { assertOneIdentity } from './signing-order.ts';
import type { StalledRequestDiagnosis } from './stalled-request-diagnosis.ts';

/** Who approves: we ourselves, or somebody else, in which case we hold no right to. */
export type ApprovalMode = 'self' | 'external';

export interface BackendSignerOptions {
  readonly backend: SigningBackend;
  readonly coalescer: RequestCoalescer;
  readonly limiter: SignerLimiter;
  readonly retained: RetainedRequests;
  readonly deletions: DeletionQueue;
  readonly diagnosis: StalledRequestDiagnosis;
  readonly changeMonitor: CertificateChangeMonitor;
  readonly approval: ApprovalMode;
  /** How long an approved request that ran out of time is retained for a retry, in milliseconds. */
  readonly retainForRetryMs: number;
  /** How long a signer may take, in milliseconds, where it has less than the request has. */
  readonly budgetMsFor?: ((signerName: string) => number | undefined) | undefined;
  readonly clock: Clock;
}

/** Gets orders signed through a backend, by whichever signer acts on the backend's requests. */
export class BackendSigner implements Signer {
  readonly #options: BackendSignerOptions;

  constructor(options: BackendSignerOptions) {
    this.#options = options;
  }

  /**
   * Coalesces identical orders into one issuance, waits for a permit, creates a request, records the
   * intent, approves, awaits the certificate and releases the request.
   */
  async sign(order: SigningOrder, signal: AbortSignal): Promise<SignedChain> {
    return await this.#coalesce(order, signal, (issuance) =>
      this.#withPermit(issuance, async () => {
        for (let anew = false; ; anew = true) {
          const request = await this.#create(issuance, anew);
          try {
            await this.#recordIntent(request, issuance);
            await this.#approve(request, issuance);
            return await this.#awaitCertificate(request, issuance);
          } catch (error) {
            // One more request, where the first vanished without any fault of the signer.
            if (anew || issuance.signal.aborted || !mayCreateAnew(error, request)) throw error;
          } finally {
            this.#release(request, issuance);
          }
        }
      }),
    );
  }

  /** Each caller waits until its own deadline, or until the signer's budget is used up. */
  async #coalesce(
    order: SigningOrder,
    signal: AbortSignal,
    work: IssuanceWork,
  ): Promise<SignedChain> {
    const { coalescer, budgetMsFor, clock } = this.#options;
    signal.throwIfAborted();
    assertOneIdentity(order);
    const ms = budgetMsFor?.(order.granted.signerName);
    if (ms === undefined) return await coalescer.run(order, signal, work);
    const reason = (): Error =>
      new RaError('SIGNER_TIMEOUT', `no certificate within the ${ms} ms of the signer`);
    return await withDeadline({ clock, ms, parent: signal, reason }, (limited) =>
      coalescer.run(order, limited, work),
    );
  }

  /** Waits for a permit of the signer and hands it back with what the work says of the signer. */
  async #withPermit(
    issuance: CoalescedIssuance,
    work: () => Promise<SignedChain>,
  ): Promise<SignedChain> {
    const { retained, limiter, clock } = this.#options;
    const { key, order, signal } = issuance;
    // A certificate that is there already costs its signer nothing.
    if (retained.hasIssued(key)) return await work();
    const permit = await issuance.timed('turn', () => limiter.acquire(order, signal));
    try {
      const chain = await work();
      permit.release('issued');
      return { ...chain, checked: (error) => permit.judge(error === undefined ? 'good' : 'fault') };
    } catch (error) {
      const { approvedAt } = issuance;
      const waitedMs = approvedAt === undefined ? undefined : clock.monotonic() - approvedAt;
      const verdict = verdictOn(error, waitedMs);
      permit.judge(verdict.kind);
      permit.release(verdict.isStalled ? 'stalled' : 'other');
      throw error;
    }
  }

  /** Takes over the request that is retained for the same order, or has the backend make one. */
  async #create(issuance: CoalescedIssuance, anew: boolean): Promise<TrackedRequest> {
    const { backend, retained, deletions, approval } = this.#options;
    let request = anew ? undefined : retained.reclaim(issuance.key);
    // Where somebody else approves, the creation is what cannot be taken back.
    if (request === undefined && approval === 'external' && !anew) await issuance.recordIntent();
    request ??= await issuance.timed('create', () => backend.create(issuance, { anew, deletions }));
    issuance.note({ csrName: request.name, csrUid: request.uid });
    return request;
  }

  /** The intent of every waiter is on record before the point of no return. */
  async #recordIntent(request: TrackedRequest, issuance: CoalescedIssuance): Promise<void> {
    if (this.#options.approval === 'self' || request.isAdopted) await issuance.recordIntent();
  }

  async #approve(request: TrackedRequest, issuance: CoalescedIssuance): Promise<void> {
    if (this.#options.approval === 'self') {
      await issuance.timed('approve', () => request.approve(issuance.signal));
    }
    if (request.mayBeApproved) this.#noteApproval(issuance);
  }

  async #awaitCertificate(
    request: TrackedRequest,
    issuance: CoalescedIssuance,
  ): Promise<SignedChain> {
    const { diagnosis, changeMonitor } = this.#options;
    const stop = diagnosis.watch(request, (signerSays) => {
      issuance.note({ signerSays });
    });
    const onApproved = (): void => {
      this.#noteApproval(issuance);
    };
    try {
      const outcome = await issuance.timed('wait', () =>
        request.settle(issuance.signal, onApproved),
      );
      const certificatePem = certificateOrThrow(outcome);
      // The watch of this replica does not say what becomes of another replica's object.
      if (!request.isForeign) {
        changeMonitor.collected(request, certificatePem, issuance.order.decision.requestId);
      }
      return { certificatePem };
    } finally {
      stop();
    }
  }

  /** Retains, deletes or leaves the request, as is due to those who may still want it. */
  #release(request: TrackedRequest, { key, signal }: CoalescedIssuance): void {
    const { deletions, retained, retainForRetryMs } = this.#options;
    const { name, uid, isForeign, mayBeApproved, outcome } = request;
    const retentionMs = mayBeApproved ? retentionMsAfter(signal, retainForRetryMs) : 0;
    if (!isForeign && retentionMs > 0 && outcome.kind === 'pending') {
      retained.retain(key, request, retentionMs);
      return;
    }
    request.close();
    // A foreign object is still watched by its own replica; if that one died, the reaper deletes it.
    if (!isForeign) deletions.add({ name, uid });
  }

  #noteApproval(issuance: CoalescedIssuance): void {
    issuance.approvedAt ??= this.#options.clock.monotonic();
  }
}

function certificateOrThrow(outcome: Exclude<SigningOutcome, { kind: 'pending' }>): string {
  if (outcome.kind === 'issued') return outcome.certificatePem;
  throw new RaError(
    outcome.kind === 'denied' ? 'SIGNING_DENIED' : 'SIGNING_FAILED',
    `the request was ${outcome.kind}: ${outcome.message}`,
    { reason: outcome.kind, fields: { conditionReason: outcome.reason } },
  );
}
