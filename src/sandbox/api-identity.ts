import { exportPrivateKeyPem, generateKeyPair } from '../pki/key-pair.ts';
import { ToyAuthority } from './toy-authority.ts';

/** A certificate and its key, in PEM. */
export interface CertificateAndKey {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** What the API server shows, and what its administrator shows to it. */
export interface ApiIdentity {
  readonly caPem: string;
  readonly serving: CertificateAndKey;
  readonly administrator: CertificateAndKey;
}

const lifetimeMs = 365 * 24 * 60 * 60 * 1000;
const dnsNames = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

/** Makes the API's own authority and its two certificates, in force from `now` on. */
export async function createApiIdentity(now: number): Promise<ApiIdentity> {
  const authority = await ToyAuthority.create({ commonName: 'kubernetes API', now });
  const common = {
    notBefore: now - 60_000,
    notAfter: now + lifetimeMs,
    isCa: false,
    keyUsages: ['digitalSignature'],
    uris: [],
  } as const;
  const issue = async (
    subject: { commonName: string; organization?: string },
    names: Pick<
      Parameters<ToyAuthority['sign']>[0],
      'dnsNames' | 'ipAddresses' | 'extendedKeyUsages'
    >,
  ): Promise<CertificateAndKey> => {
    const keyPair = await generateKeyPair('ecdsa-p256');
    const template = { ...common, ...names, subject, spkiDer: keyPair.spkiDer };
    return {
      certificatePem: await authority.sign(template),
      privateKeyPem: await exportPrivateKeyPem(keyPair),
    };
  };
  const [serving, administrator] = await Promise.all([
    issue(
      { commonName: 'kube-apiserver' },
      { dnsNames, ipAddresses: ['127.0.0.1'], extendedKeyUsages: ['serverAuth'] },
    ),
    issue(
      { commonName: 'kubernetes-admin', organization: 'system:masters' },
      { dnsNames: [], extendedKeyUsages: ['clientAuth'] },
    ),
  ]);
  return { caPem: authority.rootPem, serving, administrator };
}
