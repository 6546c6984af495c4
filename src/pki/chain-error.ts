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
