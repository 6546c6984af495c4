import { RaError } from '../base/ra-error.ts';

/** Kubernetes refuses a smaller `spec.expirationSeconds` (certificates.k8s.io/v1). */
export const shortestTtlSeconds = 600;

export interface LifetimePolicy {
  readonly defaultTtlSeconds: number;
  readonly maxTtlSeconds: number;
}

/**
 * The lifetime to ask a signer for, in seconds. `requested` is the int64 of the wire: zero or
 * negative means the default. Throws TTL_REJECTED above the maximum and below 600 s.
 *
 * Divergence: istiod computes the default and then drops it, so that the signer's own default
 * applied, and lets the API server refuse what is under 600 s.
 */
export function admitLifetime(requested: bigint, policy: LifetimePolicy): number {
  if (requested <= 0n) return policy.defaultTtlSeconds;
  if (requested > BigInt(policy.maxTtlSeconds)) {
    throw new RaError('TTL_REJECTED', `a validity over ${policy.maxTtlSeconds} s was asked for`, {
      reason: 'ttl_too_long',
      publicMessage: `requested validity is over the maximum of ${policy.maxTtlSeconds} s`,
    });
  }
  if (requested < BigInt(shortestTtlSeconds)) {
    throw new RaError('TTL_REJECTED', `a validity under ${shortestTtlSeconds} s was asked for`, {
      reason: 'ttl_too_short',
      publicMessage: `requested validity is under the minimum of ${shortestTtlSeconds} s`,
    });
  }
  return Number(requested);
}
