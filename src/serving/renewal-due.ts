import type { Random } from '../base/backoff.ts';

/** Replicas that started together do not ask together. */
const jitter = 0.05;

/**
 * When half the life of a certificate is over, in epoch milliseconds. A signer that gives longer
 * lives than it was asked for is asked again as if it had not.
 */
export function renewalDueAt(
  { notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number },
  ttlSeconds: number,
): number {
  return notBefore + Math.min(notAfter - notBefore, ttlSeconds * 1000) / 2;
}

/** `dueAt`, moved by at most a twentieth of the time until then, forth or back. */
export function jittered(dueAt: number, now: number, random: Random): number {
  return now + (dueAt - now) * (1 + jitter * (2 * random() - 1));
}
