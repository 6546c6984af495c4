import type { PemRejection } from './pem.ts';

/** Why bytes are not the strict DER that is read here. */
export type DerRejection =
  | 'der_truncated'
  | 'der_length'
  | 'der_tag'
  | 'der_trailing_data'
  | 'der_too_deep'
  | 'der_too_many_elements'
  | 'der_value';

/** Thrown, and nothing else, when bytes are not DER (X.690) or have another shape than was asked for. */
export class DerError extends Error {
  readonly reason: DerRejection;

  constructor(reason: DerRejection, message: string) {
    super(message);
    this.name = 'DerError';
    this.reason = reason;
  }
}

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

/**
 * Why no path leads from a certificate to a root. Ordered from the least to the most telling: where
 * several candidates fail, the failure of the one that came furthest is reported.
 */
export const chainRejections = [
  'no_path',
  'path_too_long',
  'signature_invalid',
  'signature_algorithm',
  'weak_signature',
  'weak_key',
  'not_a_ca',
  'key_usage',
  'extended_key_usage',
  'path_length',
  'critical_extension',
  'not_yet_valid',
  'expired',
  'too_many_certificates',
] as const;
export type ChainRejection = (typeof chainRejections)[number];

/** Thrown when `ChainVerifier` finds no acceptable path. */
export class ChainError extends Error {
  readonly reason: ChainRejection;
  /** The certificate at fault: hexadecimal SHA-256 of its DER. */
  readonly sha256: string;

  constructor(reason: ChainRejection, message: string, sha256: string) {
    super(message);
    this.name = 'ChainError';
    this.reason = reason;
    this.sha256 = sha256;
  }
}
