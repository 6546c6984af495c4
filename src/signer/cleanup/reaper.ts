import { BackgroundLoop } from '../../base/background-loop.ts';
import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import type { Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { RequestDeletions, SignerRequest, SigningBackend } from '../signing-backend.ts';

export interface ReaperOptions {
  readonly backend: Pick<SigningBackend, 'list' | 'isAwaited'>;
  readonly deletions: Pick<RequestDeletions, 'add'>;
  /** How long after it was first seen an object counts as an orphan: beyond any request's budget. */
  readonly orphanedAfterMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const roundMs = 15_000;
const callMs = 10_000;

/**
 * Deletes the objects that a replica which was killed has left behind. Every replica runs a reaper;
 * two that meet do no harm, since each deletion names the uid.
 *
 * An object's age counts from when this reaper first saw it, so that nobody's clock matters. Only
 * objects that our own account created are touched, whatever their labels say.
 */
export class Reaper implements Stoppable {
  readonly #options: ReaperOptions;
  readonly #loop: BackgroundLoop;
  #firstSeen = new Map<string, number>();
  #reaped = 0;

  constructor(options: ReaperOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop({
      turn: (signal) => this.#turn(signal),
      stopReason: 'the reaper was stopped',
      clock: options.clock,
    });
  }

  /** How many objects were handed over to be deleted. */
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
    const { backend, clock } = this.#options;
    const found = await backend.list(signal);
    const now = clock.monotonic();
    const unattended = found.filter(({ name }) => !backend.isAwaited(name));
    // Only what is still there is remembered, so that the memory is bounded by the list.
    this.#firstSeen = new Map(unattended.map(({ uid }) => [uid, this.#firstSeen.get(uid) ?? now]));
    for (const request of unattended) this.#reapIfOld(request, now);
  }

  #reapIfOld({ name, uid, signerName }: SignerRequest, now: number): void {
    const { deletions, log, orphanedAfterMs } = this.#options;
    if (now - (this.#firstSeen.get(uid) ?? now) < orphanedAfterMs) return;
    log.info('removing an orphaned certificate request', { csrName: name, signer: signerName });
    this.#reaped += 1;
    // The age counts anew, in case the deletion fails for long.
    this.#firstSeen.set(uid, now);
    deletions.add({ name, uid });
  }
}
