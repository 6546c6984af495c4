import { RaError } from '../base/ra-error.ts';
import { algorithmOf } from '../pki/key-algorithm.ts';
import type { PublicKeyKind } from '../pki/key-algorithm.ts';
import type { SignerLimits } from './signer-policy.ts';

/** Throws CSR_REJECTED where the limits name kinds of key and this is none of them. */
export function admitKeyType({ keyTypes }: SignerLimits, key: PublicKeyKind): void {
  const kind = algorithmOf(key);
  if (keyTypes === undefined || keyTypes.some((allowed) => allowed === kind)) return;
  throw new RaError('CSR_REJECTED', `the policy does not let the caller bring a key of ${kind}`, {
    reason: 'key_type_not_allowed',
  });
}
