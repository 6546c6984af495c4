import type { Clock, Timer } from '../../base/clock.ts';
import type { Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { SigningRequest } from '../../kube/signing-requests.ts';
import { parseCertificate } from '../../pki/certificate.ts';
import { parseCertificateBundle } from '../../pki/pem.ts';
import type { TrackedRequest } from '../csr/tracked-request.ts';
import { outcomeOf } from '../csr/outcome.ts';
import type { DeletionQueue } from './deletion-queue.ts';

export interface RetainedRequestsOptions {
  readonly deletions: DeletionQueue;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many are kept for one signer; 64 where absent. */
  readonly mostForSigner?: number;
  /** How many are kept in all; 1,024 where absent. */
  readonly most?: number;
}

interface RetainedRequest {
  readonly tracked: TrackedRequest;
  readonly timer: Timer;
  readonly ended: AbortController;
  /** The certificate came after everybody had left. */
  isIssued: boolean;
}

/**
 * Approved objects that nobody waits for any more. An agent that gave up comes back with the same
 * bytes, and gets what its signer has made of them meanwhile; what is not asked for is removed.
 */
export class RetainedRequests implements Stoppable {
  readonly #options: RetainedRequestsOptions;
  readonly #retained = new Map<string, RetainedRequest>();

  constructor(options: RetainedRequestsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#retained.size;
  }

  /** Whether the certificate for that fingerprint is there already. */
  hasIssued(key: string): boolean {
    return this.#retained.get(key)?.isIssued === true;
  }

  /** Keeps an object for `ms` milliseconds; of too many the oldest goes. */
  retain(key: string, tracked: TrackedRequest, ms: number): void {
    this.#drop(key);
    const { mostForSigner = 64, most = 1_024, clock } = this.#options;
    const { signerName } = tracked.object;
    const same = [...this.#retained].filter(([, retained]) => retained.tracked.object.signerName === signerName);
    const [oldestOfSigner] = same;
    if (same.length >= mostForSigner && oldestOfSigner !== undefined) this.#drop(oldestOfSigner[0]);
    const [oldest] = this.#retained.keys();
    if (this.#retained.size >= most && oldest !== undefined) this.#drop(oldest);
    const timer = clock.timer(ms, () => {
      this.#drop(key);
    });
    const retained = { tracked, timer, ended: new AbortController(), isIssued: false };
    this.#retained.set(key, retained);
    void this.#awaitEnd(key, retained);
  }

  /** Hands a kept object over to whoever asks again; it is kept no longer. */
  reclaim(key: string): TrackedRequest | undefined {
    const retained = this.#retained.get(key);
    if (retained === undefined) return undefined;
    this.#forget(key, retained);
    return { ...retained.tracked, isAdopted: true };
  }

  /** Lets all of them be removed. */
  stop(): Promise<void> {
    for (const key of [...this.#retained.keys()]) this.#drop(key);
    return Promise.resolve();
  }

  /** What was issued after all is told in the log: its decision has been written long ago. */
  async #awaitEnd(key: string, retained: RetainedRequest): Promise<void> {
    const { tracked, ended } = retained;
    const hasEnded = (request: SigningRequest): boolean => outcomeOf(request).kind !== 'pending';
    const end = await tracked.subscription
      .until(tracked.object.uid, hasEnded, ended.signal)
      .catch(() => undefined);
    if (end === undefined || ended.signal.aborted) return;
    const outcome = end === 'gone' ? undefined : outcomeOf(end);
    if (end === 'gone' || outcome?.kind !== 'issued') {
      this.#drop(key);
      return;
    }
    retained.isIssued = true;
    retained.tracked.object = end;
    this.#options.log.info('a certificate was issued that nobody waited for any more', {
      csrName: end.name,
      csrUid: end.uid,
      signer: end.signerName,
      annotations: end.annotations,
      serialNumbers: serialNumbersIn(outcome.certificatePem),
    });
  }

  #drop(key: string): void {
    const retained = this.#retained.get(key);
    if (retained === undefined) return;
    this.#forget(key, retained);
    const { object, subscription } = retained.tracked;
    subscription.close();
    this.#options.deletions.add({ name: object.name, uid: object.uid });
  }

  #forget(key: string, { timer, ended }: RetainedRequest): void {
    this.#retained.delete(key);
    timer.cancel();
    ended.abort(new Error('the object is kept no longer'));
  }
}

/** Unverified, so all of them; none where the text cannot be read. */
function serialNumbersIn(pem: string): readonly string[] {
  try {
    const ders = parseCertificateBundle(pem).slice(0, 4);
    return ders.map((der) => parseCertificate(der).serialNumber);
  } catch {
    return [];
  }
}
