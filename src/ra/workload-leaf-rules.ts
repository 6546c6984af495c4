import type { Certificate } from '../pki/certificate.ts';
import { isEmptySubject } from '../pki/empty-subject.ts';
import { canEncipher } from '../pki/key-algorithm.ts';
import { isNoAuthority, isValidAlready, isVersion3, signerClockSkewMs } from './returned-chain.ts';
import type { LeafRule } from './returned-chain.ts';

/** The parts of an order that the check of its answer looks at. */
export interface OrderedCertificate {
  readonly admitted: {
    readonly identity: { readonly id: { readonly uri: string } };
    readonly request: { readonly publicKey: { readonly spkiDer: Uint8Array } };
  };
  readonly ttlSeconds: number;
}

const allowedKeyUsages = new Set(['digitalSignature', 'keyEncipherment', 'keyAgreement']);
const orderedExtendedKeyUsages = ['clientAuth', 'serverAuth'];

function hasOrderedKeyUsages({ keyUsages, publicKey }: Certificate): boolean {
  if (keyUsages === undefined) return false;
  const allowed = [...keyUsages].every((usage) => allowedKeyUsages.has(usage));
  // A key that cannot encipher others needs no such usage, so signers may leave it out.
  const enciphers = keyUsages.has('keyEncipherment') || !canEncipher(publicKey);
  return allowed && enciphers && keyUsages.has('digitalSignature');
}

/**
 * The double check of what a signer returned for a workload. Signers may add nothing to what was
 * ordered; each rule names one way in which they would.
 */
export const workloadLeafRules: readonly LeafRule<OrderedCertificate>[] = [
  isVersion3,
  isNoAuthority,
  {
    reason: 'san_mismatch',
    message: 'the certificate does not name exactly the ordered identity',
    holds: ({ subjectAltNames: [name, ...others] }, order) =>
      others.length === 0 && name?.kind === 'uri' && name.value === order.admitted.identity.id.uri,
  },
  {
    reason: 'subject_mismatch',
    message: 'the certificate has a subject that the CSR does not have',
    // Signers that rebuild the subject drop an empty O.
    holds: (leaf) => isEmptySubject(leaf.subjectDer),
  },
  {
    reason: 'key_usage',
    message: 'the key usages are not the ordered ones',
    holds: hasOrderedKeyUsages,
  },
  {
    reason: 'extended_key_usage',
    message: 'the extended key usages are not server and client authentication',
    holds: ({ extendedKeyUsages }) =>
      extendedKeyUsages !== undefined &&
      [...new Set(extendedKeyUsages)].sort().join() === orderedExtendedKeyUsages.join(),
  },
  {
    reason: 'unknown_critical_extension',
    message: 'the certificate has a critical extension that we do not know',
    holds: (leaf) => leaf.unknownCriticalExtensions.length === 0,
  },
  isValidAlready,
  {
    reason: 'expired',
    message: 'the certificate is no longer valid',
    holds: (leaf, _order, now) => leaf.notAfter > now && leaf.notAfter > leaf.notBefore,
  },
  {
    reason: 'lifetime_too_long',
    message: 'the certificate is valid for longer than was ordered',
    holds: (leaf, order, now) => leaf.notAfter <= now + order.ttlSeconds * 1000 + signerClockSkewMs,
  },
];
