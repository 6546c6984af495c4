import type { SignerLimits } from '../authz/signer-policy.ts';
import { RaError } from '../base/ra-error.ts';
import type { TrustBundle } from '../mesh/trust-bundle.ts';
import type { KnownIssuers } from './known-issuers.ts';

/** Kubernetes refuses a smaller `spec.expirationSeconds` (certificates.k8s.io/v1). */
export const minTtlSeconds = 600;

export interface LifetimePolicy {
  readonly defaultTtlSeconds: number;
  readonly maxTtlSeconds: number;
}

/** What the caller's rule and its signer's authorities leave of the policy. */
export interface LifetimeLimits {
  readonly defaultTtlSeconds: number | undefined;
  /** A longer requested lifetime gets this instead of a refusal: agents renew by the certificate's real end. */
  readonly maxTtlSeconds: number | undefined;
}

/** Which signer would sign, and what its rule leaves. */
export interface LifetimeQuestion {
  /** The int64 of the wire: zero or negative means the default. */
  readonly requestedTtlSeconds: bigint;
  readonly signerName: string;
  readonly limits: Pick<SignerLimits, 'defaultTtlSeconds' | 'maxTtlSeconds'>;
}

/** What else decides on a lifetime. */
export interface LifetimeGrounds {
  readonly lifetime: LifetimePolicy;
  /** The authorities that were seen to sign. */
  readonly issuers: KnownIssuers;
  readonly trust: TrustBundle;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/**
 * The lifetime that a request gets, and that its explanation promises, in seconds: no longer than the
 * signer's own authority and its last root are still valid. Throws TTL_REJECTED as `admitLifetime` does.
 */
export function grantLifetime(
  { requestedTtlSeconds, signerName, limits }: LifetimeQuestion,
  { lifetime, issuers, trust, now }: LifetimeGrounds,
): number {
  const left = issuers.secondsLeft(signerName, trust.anchorsOf(signerName), now);
  const maxTtlSeconds = Math.min(limits.maxTtlSeconds ?? Infinity, left);
  return admitLifetime(requestedTtlSeconds, lifetime, { ...limits, maxTtlSeconds });
}

/**
 * The lifetime to ask a signer for, in seconds. `requested` is the int64 of the wire: zero or
 * negative means the default. Throws TTL_REJECTED above the maximum and below 600 s.
 *
 * Divergence: istiod computes the default and then drops it, so that the signer's own default
 * applied, and lets the API server refuse what is under 600 s.
 */
export function admitLifetime(
  requested: bigint,
  policy: LifetimePolicy,
  limits: LifetimeLimits,
): number {
  const asked =
    requested <= 0n
      ? (limits.defaultTtlSeconds ?? policy.defaultTtlSeconds)
      : admitRequested(requested, policy);
  const max = Math.min(limits.maxTtlSeconds ?? Infinity, policy.maxTtlSeconds);
  // Under 600 s nothing can be had from Kubernetes, however little an authority has left.
  return Math.max(minTtlSeconds, Math.min(asked, max));
}

function admitRequested(requested: bigint, { maxTtlSeconds }: LifetimePolicy): number {
  if (requested > BigInt(maxTtlSeconds)) {
    throw new RaError('TTL_REJECTED', `a validity over ${maxTtlSeconds} s was asked for`, {
      reason: 'ttl_too_long',
      publicMessage: `requested validity is over the maximum of ${maxTtlSeconds} s`,
    });
  }
  if (requested < BigInt(minTtlSeconds)) {
    throw new RaError('TTL_REJECTED', `a validity under ${minTtlSeconds} s was asked for`, {
      reason: 'ttl_too_short',
      publicMessage: `requested validity is under the minimum of ${minTtlSeconds} s`,
    });
  }
  return Number(requested);
}
