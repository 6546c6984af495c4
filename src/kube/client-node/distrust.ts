import { codeOf } from '../../base/error-message.ts';

/** What OpenSSL and Node say of a server certificate that our authorities do not vouch for. */
const codes: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'INVALID_CA',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** A server that we do not trust, perhaps because its authority was replaced: nothing was sent. */
export interface Distrust {
  readonly distrusted: Error;
}

/** What became of a try that failed so. Throws any other error again. */
export function untrusted(error: unknown): Distrust {
  if (codes.has(codeOf(error))) return { distrusted: error as Error };
  throw error;
}
