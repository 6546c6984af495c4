import type { Random } from '../../base/backoff.ts';

/** How much of a lifetime is left when its certificate is renewed: shares of it, from 0 to 1. */
export interface GracePeriod {
  readonly ratio: number;
  /** By how much the ratio is moved at most, forth or back. */
  readonly jitter: number;
}

/** istio-agent's own: SECRET_GRACE_PERIOD_RATIO and SECRET_GRACE_PERIOD_RATIO_JITTER. */
export const agentGracePeriod: GracePeriod = { ratio: 0.5, jitter: 0.01 };

/**
 * When istio-agent renews a certificate, in epoch milliseconds (`rotateTime` in Istio's
 * security/pkg/nodeagent/cache): its lifetime is counted from when it came, not from its notBefore.
 */
export function renewalTime(
  { obtainedAt, notAfter }: { readonly obtainedAt: number; readonly notAfter: number },
  { ratio, jitter }: GracePeriod,
  random: Random,
): number {
  const moved = Math.min(1, Math.max(0, ratio + jitter * (2 * random() - 1)));
  return Math.max(obtainedAt, notAfter - moved * (notAfter - obtainedAt));
}
