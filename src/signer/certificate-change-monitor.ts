import { createHash } from 'node:crypto';
import { BoundedMap } from '../base/bounded-map.ts';
import type { Logger } from '../base/logger.ts';
import type { ChangeLog } from '../ra/change-log.ts';
import type { RequestReference } from './signing-backend.ts';

export interface CertificateChangeMonitorOptions {
  readonly changes: ChangeLog;
  readonly log: Logger;
}

/** What a watch says of an object. */
interface RequestState extends RequestReference {
  readonly signerName: string;
  /** Undefined until the signer has set it. */
  readonly certificatePem: string | undefined;
}

interface CollectedCertificate {
  readonly requestId: string;
  readonly sha256: string;
  isReported: boolean;
}

/** More objects than wait for their deletion at a time. */
const maxCollected = 10_000;

/**
 * Notices when the certificate in an object is replaced after it was collected from there. The first
 * answer is the one that is checked and that counts. No signer replaces it, so whoever did may write
 * what only signers should.
 */
export class CertificateChangeMonitor {
  readonly #options: CertificateChangeMonitorOptions;
  /** By uid, the oldest first. */
  readonly #collected = new BoundedMap<CollectedCertificate>(maxCollected);

  constructor(options: CertificateChangeMonitorOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#collected.size;
  }

  /** To be told of an object whose certificate is used for that request. */
  collected({ uid }: RequestReference, certificatePem: string, requestId: string): void {
    this.#collected.set(uid, { requestId, sha256: sha256Of(certificatePem), isReported: false });
  }

  /** To be told of every state. One without a certificate may have been overtaken: it tells nothing. */
  put({ name, uid, signerName, certificatePem }: RequestState): void {
    const collected = this.#collected.get(uid);
    if (collected === undefined || collected.isReported || certificatePem === undefined) return;
    const foundSha256 = sha256Of(certificatePem);
    if (foundSha256 === collected.sha256) return;
    collected.isReported = true;
    const { requestId, sha256: takenSha256 } = collected;
    const about = { requestId, csrName: name, csrUid: uid, signer: signerName };
    const change = { ...about, takenSha256, foundSha256 };
    this.#options.log.warn('a certificate was changed after it had been taken', change);
    this.#options.changes.changed(change);
  }

  gone({ uid }: Pick<RequestReference, 'uid'>): void {
    this.#collected.delete(uid);
  }
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
