import type { CsrRejection } from '../../../src/pki/errors.ts';

/** Every reason that there is; the compiler finds those that are missing. */
const every: Readonly<Record<CsrRejection, true>> = {
  ...{ empty: true, too_large: true, not_ascii: true, pem_missing: true, pem_label: true },
  ...{ pem_leading_data: true, pem_trailing_data: true, pem_count: true, pem_boundary: true },
  ...{ base64: true, der_truncated: true, der_length: true, der_tag: true },
  ...{ der_trailing_data: true, der_too_deep: true, der_too_many_elements: true, der_value: true },
  ...{ version: true, signature_algorithm: true, weak_hash: true, key_type: true },
  ...{ key_parameters: true, key_size: true, public_exponent: true, weak_modulus: true },
  ...{ curve: true, point_encoding: true, point_not_on_curve: true, subject_not_empty: true },
  ...{ attributes: true, extensions: true, san_missing: true, san_empty: true, san_count: true },
  ...{ san_type: true, san_encoding: true, san_too_long: true, signature_encoding: true },
  ...{ signature_invalid: true },
};

export const csrRejections = Object.keys(every) as readonly CsrRejection[];
