import type { Clock, Timer } from '../../base/clock.ts';
import type { Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { SigningRequest } from '../../kube/signing-requests.ts';
import { parseCertificate } from '../../pki/certificate.ts';
import { parseCertificateBundle } from '../../pki/pem.ts';
import type { HeldObject } from '../csr/tracked-request.ts';
import { outcomeOf } from '../csr/outcome.ts';
import type { Removals } from './deletion-queue.ts';

export interface KeptRequestsOptions {
  readonly removals: Removals;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many are kept for one signer; 64 where absent. */
  readonly mostForSigner?: number;
  /** How many are kept in all; 1,024 where absent. */
  readonly most?: number;
}

interface Kept {
  readonly held: HeldObject;
  readonly timer: Timer;
  readonly ended: AbortController;
  /** The certificate came after everybody had left. */
  isIssued: boolean;
}

/**
 * Approved objects that nobody waits for any more. An agent that gave up comes back with the same
 * bytes, and gets what its signer has made of them meanwhile; what is not asked for is removed.
 */
export class KeptRequests implements Stoppable {
  readonly #options: KeptRequestsOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: KeptRequestsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Whether the certificate for that fingerprint is there already. */
  hasIssued(key: string): boolean {
    return this.#kept.get(key)?.isIssued === true;
  }

  /** Keeps an object for `ms` milliseconds; of too many the oldest goes. */
  keep(key: string, held: HeldObject, ms: number): void {
    this.#drop(key);
    const { mostForSigner = 64, most = 1_024, clock } = this.#options;
    const { signerName } = held.object;
    const same = [...this.#kept].filter(([, kept]) => kept.held.object.signerName === signerName);
    const [oldestOfSigner] = same;
    if (same.length >= mostForSigner && oldestOfSigner !== undefined) this.#drop(oldestOfSigner[0]);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= most && oldest !== undefined) this.#drop(oldest);
    const timer = clock.timer(ms, () => {
      this.#drop(key);
    });
    const kept = { held, timer, ended: new AbortController(), isIssued: false };
    this.#kept.set(key, kept);
    void this.#awaitEnd(key, kept);
  }

  /** Hands a kept object over to whoever asks again; it is kept no longer. */
  take(key: string): HeldObject | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#forget(key, kept);
    return { ...kept.held, isAdopted: true };
  }

  /** Lets all of them be removed. */
  stop(): Promise<void> {
    for (const key of [...this.#kept.keys()]) this.#drop(key);
    return Promise.resolve();
  }

  /** What was issued after all is told in the log: its decision has been written long ago. */
  async #awaitEnd(key: string, kept: Kept): Promise<void> {
    const { held, ended } = kept;
    const hasEnded = (request: SigningRequest): boolean => outcomeOf(request).kind !== 'pending';
    const end = await held.subscription
      .until(held.object.uid, hasEnded, ended.signal)
      .catch(() => undefined);
    if (end === undefined || ended.signal.aborted) return;
    const outcome = end === 'gone' ? undefined : outcomeOf(end);
    if (end === 'gone' || outcome?.kind !== 'issued') {
      this.#drop(key);
      return;
    }
    kept.isIssued = true;
    kept.held.object = end;
    this.#options.log.info('a certificate was issued that nobody waited for any more', {
      csrName: end.name,
      csrUid: end.uid,
      signer: end.signerName,
      annotations: end.annotations,
      serialNumbers: serialNumbersIn(outcome.certificatePem),
    });
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#forget(key, kept);
    const { object, subscription } = kept.held;
    subscription.close();
    this.#options.removals.add({ name: object.name, uid: object.uid });
  }

  #forget(key: string, { timer, ended }: Kept): void {
    this.#kept.delete(key);
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
