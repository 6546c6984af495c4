import { BackgroundLoop } from '../../base/background-loop.ts';
import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import type { Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { SelfReviews } from '../../kube/self-reviews.ts';
import type { SigningRequest, SigningRequests } from '../../kube/signing-requests.ts';
import type { DeletionQueue } from './deletion-queue.ts';
import { managedSelector } from '../csr/request-draft.ts';

export interface ReaperOptions {
  readonly requests: SigningRequests;
  readonly selfReviews: SelfReviews;
  readonly deletions: DeletionQueue;
  /** Whether one of our own requests is about an object of that name. */
  readonly isInFlight: (name: string) => boolean;
  /** How long after it was first seen an object is nobody's any more: beyond any request's budget. */
  readonly orphanedAfterMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const roundMs = 15_000;
const callMs = 10_000;

/**
 * Removes the objects that a killed replica, of ours or of others, has left behind. Every replica runs
 * one; two that meet do no harm, since each removal names the uid.
 *
 * An object's age counts from when this reaper first saw it, so that nobody's clock matters. Only
 * objects that our own account created are touched, whatever their labels say.
 */
export class Reaper implements Stoppable {
  readonly #options: ReaperOptions;
  readonly #loop: BackgroundLoop;
  #firstSeen = new Map<string, number>();
  #username: string | undefined;
  #reaped = 0;

  constructor(options: ReaperOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop({
      turn: (signal) => this.#turn(signal),
      stopReason: 'the reaper was stopped',
      clock: options.clock,
    });
  }

  /** How many objects were handed over for removal. */
  get reaped(): number {
    return this.#reaped;
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const { clock, log } = this.#options;
    const reason = (): Error => new Error('the API server took too long');
    const limits = { clock, ms: callMs, parent: signal, reason };
    await withDeadline(limits, (limited) => this.#round(limited)).catch((error: unknown) => {
      if (!signal.aborted) log.debug('orphans were not looked for', { error });
    });
    return roundMs;
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { requests, selfReviews, clock } = this.#options;
    this.#username ??= await selfReviews.username(signal);
    const found = await requests.list(managedSelector, signal);
    const now = clock.monotonic();
    const ours = found.filter((request) => this.#mayBeOrphan(request));
    // Only what is still there is remembered, so that the memory is bounded by the list.
    this.#firstSeen = new Map(ours.map(({ uid }) => [uid, this.#firstSeen.get(uid) ?? now]));
    for (const request of ours) this.#reapIfOld(request, now);
  }

  #mayBeOrphan({ name, username }: SigningRequest): boolean {
    return username === this.#username && !this.#options.isInFlight(name);
  }

  #reapIfOld({ name, uid, signerName }: SigningRequest, now: number): void {
    const { deletions, log, orphanedAfterMs } = this.#options;
    if (now - (this.#firstSeen.get(uid) ?? now) < orphanedAfterMs) return;
    log.info('removing an orphaned certificate request', { csrName: name, signer: signerName });
    this.#reaped += 1;
    // Counted anew, in case the removal fails for long.
    this.#firstSeen.set(uid, now);
    deletions.add({ name, uid });
  }
}
