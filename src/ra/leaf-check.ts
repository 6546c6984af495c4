import { RaError } from '../base/ra-error.ts';
import type { Certificate } from '../pki/certificate.ts';

/** How far a signer's clock may be from ours. */
const skewMs = 5 * 60_000;

/** What of an order the check of its answer looks at. */
export interface OrderedCertificate {
  readonly admitted: {
    readonly identity: { readonly id: { readonly uri: string } };
    readonly request: { readonly publicKey: { readonly spkiDer: Uint8Array } };
  };
  readonly ttlSeconds: number;
}

interface Rule {
  readonly reason: string;
  readonly message: string;
  readonly holds: (leaf: Certificate, order: OrderedCertificate, now: number) => boolean;
}

/** Both encodings say the same: nobody is named. Signers that rebuild the subject drop an empty O. */
const namelessSubjects = ['3000', '300b31093007060355040a1300', '300b31093007060355040a0c00'];

const allowedKeyUsages = new Set(['digitalSignature', 'keyEncipherment', 'keyAgreement']);
const orderedExtendedKeyUsages = ['clientAuth', 'serverAuth'];

function hasOrderedKeyUsages({ keyUsages, publicKey }: Certificate): boolean {
  if (keyUsages === undefined) return false;
  const allowed = [...keyUsages].every((usage) => allowedKeyUsages.has(usage));
  // An elliptic-curve key enciphers no keys, so signers may leave that usage out.
  const enciphers = keyUsages.has('keyEncipherment') || publicKey.kind === 'ec';
  return allowed && enciphers && keyUsages.has('digitalSignature');
}

/** Signers may add nothing to what was ordered; each rule names one way in which they would. */
const rules: readonly Rule[] = [
  {
    reason: 'version',
    message: 'the certificate is not of version 3',
    holds: (leaf) => leaf.version === 3,
  },
  {
    reason: 'is_ca',
    message: 'the certificate may sign others',
    holds: (leaf) => !leaf.isCa,
  },
  {
    reason: 'san_mismatch',
    message: 'the certificate does not name exactly the ordered identity',
    holds: ({ subjectAltNames: [name, ...others] }, order) =>
      others.length === 0 && name?.kind === 'uri' && name.value === order.admitted.identity.id.uri,
  },
  {
    reason: 'subject_mismatch',
    message: 'the certificate has a subject that the CSR does not have',
    holds: (leaf) => namelessSubjects.includes(Buffer.from(leaf.subjectDer).toString('hex')),
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
  {
    reason: 'not_yet_valid',
    message: 'the certificate is not valid yet',
    holds: (leaf, _order, now) => leaf.notBefore <= now + skewMs,
  },
  {
    reason: 'expired',
    message: 'the certificate is no longer valid',
    holds: (leaf, _order, now) => leaf.notAfter > now && leaf.notAfter > leaf.notBefore,
  },
  {
    reason: 'lifetime_too_long',
    message: 'the certificate is valid for longer than was ordered',
    holds: (leaf, order, now) => leaf.notAfter <= now + order.ttlSeconds * 1000 + skewMs,
  },
];

/**
 * The double check of what a signer returned against what was ordered. Throws
 * ISSUED_CERTIFICATE_REJECTED with the first rule that does not hold.
 */
export function checkLeaf(leaf: Certificate, order: OrderedCertificate, now: number): void {
  const broken = rules.find((rule) => !rule.holds(leaf, order, now));
  if (broken === undefined) return;
  throw new RaError('ISSUED_CERTIFICATE_REJECTED', broken.message, { reason: broken.reason });
}
