/** The keys that a workload may bring, under the names that a policy and the command line know them by. */
export const keyAlgorithms = [
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ecdsa-p256',
  'ecdsa-p384',
] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

/** What of a public key tells its algorithm; that of a request is one, and that of a certificate. */
export type PublicKeyKind =
  | { readonly kind: 'rsa'; readonly bits: number }
  | { readonly kind: 'ec'; readonly curve: 'P-256' | 'P-384' | 'P-521' | undefined }
  | { readonly kind: 'ed25519' }
  | { readonly kind: 'other' };

/** The name of a key's algorithm; one that is no `KeyAlgorithm`, such as `rsa-2056`, is named alike. */
export function algorithmOf(key: PublicKeyKind): string {
  switch (key.kind) {
    case 'rsa':
      return `rsa-${key.bits}`;
    case 'ec':
      return `ecdsa-${key.curve?.replace('-', '').toLowerCase() ?? 'other'}`;
    case 'ed25519':
    case 'other':
      return key.kind;
  }
}

/** Whether a key of that kind can encipher other keys: RFC 8813 section 3 forbids EC keys that usage. */
export function canEncipher({ kind }: PublicKeyKind): boolean {
  return kind !== 'ec' && kind !== 'ed25519';
}

/** The kind of signature that a key makes which a request may have. */
export function signatureKindOf({ kind }: { readonly kind: 'rsa' | 'ec' }): 'rsa' | 'ecdsa' {
  return kind === 'ec' ? 'ecdsa' : 'rsa';
}
