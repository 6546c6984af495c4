import type { DerRejection } from './der-error.ts';
import type { PemRejection } from './pem.ts';

/** Why a certificate request was refused: one word for each rule, for the audit line. */
export type CsrRejection =
  | PemRejection
  | DerRejection
  | 'version'
  | 'signature_algorithm'
  | 'weak_hash'
  | 'key_type'
  | 'key_parameters'
  | 'key_size'
  | 'public_exponent'
  | 'weak_modulus'
  | 'curve'
  | 'point_encoding'
  | 'point_not_on_curve'
  | 'subject_not_empty'
  | 'attributes'
  | 'extensions'
  | 'san_missing'
  | 'san_empty'
  | 'san_count'
  | 'san_type'
  | 'san_encoding'
  | 'san_too_long'
  | 'signature_encoding'
  | 'signature_invalid';

/** Thrown when a certificate request is not one of the few shapes that are let in. */
export class CsrError extends Error {
  readonly reason: CsrRejection;

  constructor(reason: CsrRejection, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CsrError';
    this.reason = reason;
  }
}
