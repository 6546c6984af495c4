import type { TestAuthority } from '../../support/test-authority.ts';

/** A JSON Web Key as a SPIFFE bundle has them for X.509 roots. */
export function rootKey({ certificatePem }: TestAuthority): Record<string, unknown> {
  const x5c = [certificatePem.replace(/-----[^-]+-----|\n/g, '')];
  return { use: 'x509-svid', kty: 'EC', x5c };
}

export function bundleOf(keys: readonly unknown[], more: Record<string, unknown> = {}): string {
  return JSON.stringify({ keys, ...more });
}
