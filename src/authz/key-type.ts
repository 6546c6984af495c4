import { RaError } from '../base/ra-error.ts';
import type { SignerLimits } from './signer-policy.ts';

/** What of a key tells its kind; a request's public key is one. */
export type KeyKind =
  | { readonly kind: 'rsa'; readonly bits: number }
  | { readonly kind: 'ec'; readonly curve: 'P-256' | 'P-384' };

/** Throws CSR_REJECTED where the limits name kinds of key and this is none of them. */
export function admitKeyType({ keyTypes }: SignerLimits, key: KeyKind): void {
  const kind = nameOf(key);
  if (keyTypes === undefined || keyTypes.some((allowed) => allowed === kind)) return;
  throw new RaError('CSR_REJECTED', `the policy does not let the caller bring a key of ${kind}`, {
    reason: 'key_type_not_allowed',
  });
}

function nameOf(key: KeyKind): string {
  if (key.kind === 'rsa') return `rsa-${key.bits}`;
  return key.curve === 'P-256' ? 'ecdsa-p256' : 'ecdsa-p384';
}
