import type { DerRejection } from './der-error.ts';

/** Why bytes are not a certificate that we read. */
export type CertificateRejection =
  | DerRejection
  | 'too_large'
  | 'version'
  | 'signature_algorithm_mismatch'
  | 'duplicate_extension'
  | 'extension';

/** Thrown when bytes are not a certificate of RFC 5280 in strict DER. */
export class CertificateError extends Error {
  readonly reason: CertificateRejection;

  constructor(reason: CertificateRejection, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CertificateError';
    this.reason = reason;
  }
}
