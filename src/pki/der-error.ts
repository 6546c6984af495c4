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
