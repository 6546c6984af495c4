import { RaError } from '../base/ra-error.ts';

/** Why a caller gets no signer, for audit lines and metrics. The caller itself is not told. */
export type SignerRefusal =
  /** Pods of one identity on one node carry labels that lead to different signers. */
  | 'ambiguous_workload_labels'
  /** A rule asks for labels of a namespace whose labels are not known. */
  | 'namespace_labels_unknown'
  /** A ProxyConfig that applies cannot be understood. */
  | 'proxy_config_unreadable'
  /** A rule binds the signer to others. */
  | 'signer_bound_elsewhere'
  | 'signer_domain_unset'
  | 'signer_name_malformed'
  /** The mesh knows the signer, and nothing assigns it to the caller. */
  | 'signer_not_assigned'
  /** Whoever vouched for the caller is not believed for this signer. */
  | 'signer_out_of_scope'
  /** The mesh has no root for the signer. */
  | 'signer_unknown';

/** The same public text for every reason, so that nobody learns which signers there are. */
export function signerRefused(
  reason: SignerRefusal,
  fields: Readonly<Record<string, unknown>> = {},
): RaError {
  const message = 'the caller may not have a certificate of that signer';
  return new RaError('SIGNER_REFUSED', message, { reason, fields });
}
