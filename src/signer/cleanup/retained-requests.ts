import type { Clock, Timer } from '../../base/clock.ts';
import type { Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import { parseCertificate } from '../../pki/certificate.ts';
import { parseCertificateBundle } from '../../pki/pem.ts';
import type { RequestDeletions, TrackedRequest } from '../signing-backend.ts';

export interface RetainedRequestsOptions {
  readonly deletions: Pick<RequestDeletions, 'add'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many are retained for one signer; 64 where absent. */
  readonly maxForSigner?: number;
  /** How many are retained in all; 1,024 where absent. */
  readonly max?: number;
}

interface RetainedRequest {
  readonly request: TrackedRequest;
  readonly timer: Timer;
  readonly ended: AbortController;
  /** Whether the certificate came after every caller had left. */
  isIssued: boolean;
}

/**
 * Approved requests that nobody waits for any more, retained for a while. An agent that gave up comes
 * back with the same bytes and gets what its signer has issued meanwhile; a request that nobody asks
 * for again is deleted.
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

  /** Whether the certificate for the order with that fingerprint is there already. */
  hasIssued(key: string): boolean {
    return this.#retained.get(key)?.isIssued === true;
  }

  /** Retains a request for `ms` milliseconds; of too many the oldest goes. */
  retain(key: string, request: TrackedRequest, ms: number): void {
    this.#drop(key);
    const { maxForSigner = 64, max = 1_024, clock } = this.#options;
    const { signerName } = request;
    const same = [...this.#retained].filter(
      ([, retained]) => retained.request.signerName === signerName,
    );
    const [oldestOfSigner] = same;
    if (same.length >= maxForSigner && oldestOfSigner !== undefined) this.#drop(oldestOfSigner[0]);
    const [oldest] = this.#retained.keys();
    if (this.#retained.size >= max && oldest !== undefined) this.#drop(oldest);
    const timer = clock.timer(ms, () => {
      this.#drop(key);
    });
    const retained = { request, timer, ended: new AbortController(), isIssued: false };
    this.#retained.set(key, retained);
    void this.#awaitEnd(key, retained);
  }

  /** Hands a retained request over to the issuance that asks for it again. */
  reclaim(key: string): TrackedRequest | undefined {
    const retained = this.#retained.get(key);
    if (retained === undefined) return undefined;
    this.#forget(key, retained);
    retained.request.isAdopted = true;
    return retained.request;
  }

  /** Lets all of them be deleted. */
  stop(): Promise<void> {
    for (const key of [...this.#retained.keys()]) this.#drop(key);
    return Promise.resolve();
  }

  /** A late certificate is written to the log: its decision has been written long ago. */
  async #awaitEnd(key: string, retained: RetainedRequest): Promise<void> {
    const { request, ended } = retained;
    const outcome = await request.settle(ended.signal).catch(() => undefined);
    if (ended.signal.aborted) return;
    if (outcome?.kind !== 'issued') {
      this.#drop(key);
      return;
    }
    retained.isIssued = true;
    this.#options.log.info('a certificate was issued that nobody waited for any more', {
      csrName: request.name,
      csrUid: request.uid,
      signer: request.signerName,
      annotations: request.annotations,
      serialNumbers: serialNumbersIn(outcome.certificatePem),
    });
  }

  #drop(key: string): void {
    const retained = this.#retained.get(key);
    if (retained === undefined) return;
    this.#forget(key, retained);
    const { name, uid } = retained.request;
    retained.request.close();
    this.#options.deletions.add({ name, uid });
  }

  #forget(key: string, { timer, ended }: RetainedRequest): void {
    this.#retained.delete(key);
    timer.cancel();
    ended.abort(new Error('the request is retained no longer'));
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
