import type { CertificateTemplate } from '../../src/pki/certificate-builder.ts';
import { exportPrivateKeyPem, generateKeyPair } from '../../src/pki/key-pair.ts';
import type { ServingIdentity } from '../../src/server/credentials.ts';
import type { TestAuthority } from './test-authority.ts';

const dayMs = 86_400_000;

export const servingNames = ['istio-ra.mesh.svc', 'istiod.mesh.svc'];

/** What a signer makes of our request for thirty days, with any part of it changed. */
export function servingTemplate(
  spkiDer: Uint8Array,
  now: number,
  change: Partial<CertificateTemplate> = {},
): CertificateTemplate {
  return {
    ...{ subject: {}, spkiDer, isCa: false, uris: [], dnsNames: servingNames },
    ...{ keyUsages: ['digitalSignature'], extendedKeyUsages: ['serverAuth'] },
    ...{ notBefore: now, notAfter: now + 30 * dayMs },
    ...change,
  };
}

/** A new key and its certificate. */
export async function servingPair(
  authority: TestAuthority,
  now: number,
  change: Partial<CertificateTemplate> = {},
): Promise<ServingIdentity> {
  const keyPair = await generateKeyPair('ecdsa-p256');
  return {
    certificateChainPem: await authority.sign(servingTemplate(keyPair.spkiDer, now, change)),
    privateKeyPem: await exportPrivateKeyPem(keyPair),
  };
}

/** A mesh config in which these are the roots of that signer. */
export function meshWithRoots(signerName: string, rootPems: readonly string[]): string {
  const caCertificates = rootPems.map((pem) => ({ pem, certSigners: [signerName] }));
  return JSON.stringify({ caCertificates });
}
