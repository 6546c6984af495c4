import { createHash } from 'node:crypto';
import { RaError } from '../base/ra-error.ts';
import type { SigningOrder } from '../ra/signer.ts';

/** Throws INTERNAL when the order's proofs are about different identities. */
export function assertOneIdentity({ granted, admitted }: SigningOrder): void {
  if (granted.identity === admitted.identity) return;
  throw new RaError('INTERNAL', 'the signer was granted to another than the request is of', {
    reason: 'proofs_mixed',
  });
}

/** What two orders must have in common to be one: identity, signer, key, lifetime and the bytes. */
export function fingerprintOf({ admitted, granted, ttlSeconds }: SigningOrder): string {
  const { identity, request } = admitted;
  const parts = [
    identity.id.uri,
    granted.signerName,
    request.publicKey.spkiSha256,
    ttlSeconds,
    request.pem,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
