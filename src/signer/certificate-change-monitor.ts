import { createHash } from 'node:crypto';
import type { Logger } from '../base/logger.ts';
import type { SigningRequest } from '../kube/signing-requests.ts';
import type { ChangeLog } from '../ra/change-log.ts';

export interface TakenCertificatesOptions {
  readonly changes: ChangeLog;
  readonly log: Logger;
}

interface Taken {
  readonly requestId: string;
  readonly sha256: string;
  isReported: boolean;
}

/** More objects than wait for their removal at a time. */
const mostTaken = 10_000;

/**
 * What was taken from objects that are still there. The first answer is the one that is checked and
 * counts; if another takes its place, whoever wrote it can do what no signer does.
 */
export class TakenCertificates {
  readonly #options: TakenCertificatesOptions;
  /** By uid, the oldest first. */
  readonly #taken = new Map<string, Taken>();

  constructor(options: TakenCertificatesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#taken.size;
  }

  /** To be told of an object whose certificate is used for that request. */
  take({ uid, certificatePem = '' }: SigningRequest, requestId: string): void {
    this.#taken.set(uid, { requestId, sha256: sha256Of(certificatePem), isReported: false });
    const [oldest] = this.#taken.keys();
    if (this.#taken.size > mostTaken && oldest !== undefined) this.#taken.delete(oldest);
  }

  /** To be told of every state. One without a certificate may have been overtaken: it tells nothing. */
  put({ name, uid, signerName, certificatePem }: SigningRequest): void {
    const taken = this.#taken.get(uid);
    if (taken === undefined || taken.isReported || certificatePem === undefined) return;
    const foundSha256 = sha256Of(certificatePem);
    if (foundSha256 === taken.sha256) return;
    taken.isReported = true;
    const { requestId, sha256: takenSha256 } = taken;
    const about = { requestId, csrName: name, csrUid: uid, signer: signerName };
    const change = { ...about, takenSha256, foundSha256 };
    this.#options.log.warn('a certificate was changed after it had been taken', change);
    this.#options.changes.changed(change);
  }

  gone({ uid }: Pick<SigningRequest, 'uid'>): void {
    this.#taken.delete(uid);
  }
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
