import { buildCertificate } from '../../../../src/pki/certificate-builder.ts';
import type { KeyAlgorithm } from '../../../../src/pki/key-algorithm.ts';
import { exportPrivateKeyPem, generateKeyPair } from '../../../../src/pki/key-pair.ts';
import type { KeyPair } from '../../../../src/pki/key-pair.ts';

export interface Identity {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

export interface Authority {
  readonly rootPem: string;
  issue(names: {
    readonly uris?: readonly string[];
    readonly dnsNames?: readonly string[];
    readonly algorithm?: KeyAlgorithm;
  }): Promise<Identity>;
}

export const serverName = 'istiod.istio-system.svc';

const day = 86_400_000;
const validity = (): { notBefore: number; notAfter: number } => ({
  notBefore: Date.now() - day,
  notAfter: Date.now() + day,
});

/** A root and what it signs: server certificates for DNS names, client certificates for URIs. */
export async function createAuthority(commonName: string): Promise<Authority> {
  const keyPair = await generateKeyPair('ecdsa-p256');
  const rootPem = await buildCertificate(
    {
      subject: { commonName },
      spkiDer: keyPair.spkiDer,
      ...validity(),
      isCa: true,
      keyUsages: ['keyCertSign'],
      extendedKeyUsages: [],
      uris: [],
      dnsNames: [],
    },
    { kind: 'self', keyPair },
  );
  return {
    rootPem,
    issue: async ({ uris = [], dnsNames = [], algorithm = 'ecdsa-p256' }) => {
      const own = await generateKeyPair(algorithm);
      return leaf(own, { uris, dnsNames }, { certificatePem: rootPem, keyPair });
    },
  };
}

async function leaf(
  own: KeyPair,
  names: { readonly uris: readonly string[]; readonly dnsNames: readonly string[] },
  issuer: { readonly certificatePem: string; readonly keyPair: KeyPair },
): Promise<Identity> {
  const certificateChainPem = await buildCertificate(
    {
      subject: { commonName: 'leaf' },
      spkiDer: own.spkiDer,
      ...validity(),
      isCa: false,
      keyUsages: ['digitalSignature'],
      extendedKeyUsages: ['serverAuth', 'clientAuth'],
      ...names,
    },
    { kind: 'issuer', ...issuer },
  );
  return { certificateChainPem, privateKeyPem: await exportPrivateKeyPem(own) };
}
