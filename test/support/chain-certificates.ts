import { parseCertificate } from '../../src/pki/certificate.ts';
import type { Certificate } from '../../src/pki/certificate.ts';
import { ChainVerifier } from '../../src/pki/chain.ts';
import type { PathRequest } from '../../src/pki/chain.ts';
import * as writer from './certificate-writer.ts';
import type { CertificateParts } from './certificate-writer.ts';
import { spkiOf, storedKey } from './csr-writer.ts';
import { thrownBy } from './thrown-by.ts';

/** A root, an intermediate and a leaf with stored keys, and searches for a path between them. */
export const at = Date.UTC(2026, 5, 1);

/** Who signs whom: names and stored keys. */
export const rootKey = storedKey('ec-p384');
const intermediateKey = storedKey('ec-p256-other');
export const leafKey = storedKey('ec-p256');

export function certificate(parts: CertificateParts): Certificate {
  return parseCertificate(writer.writeCertificate(parts));
}

export function authority(name: string, parts: CertificateParts = {}): Certificate {
  return certificate({
    ...{ subject: writer.commonName(name), spki: spkiOf(rootKey), issuerKey: rootKey },
    extensions: writer.authorityExtensions(),
    ...parts,
  });
}

export const root = authority('root');
export const intermediateParts = {
  ...{ subject: writer.commonName('intermediate'), spki: spkiOf(intermediateKey) },
  ...{ issuerKey: rootKey, extensions: writer.authorityExtensions() },
};
export const intermediate = certificate(intermediateParts);
export const leafParts = {
  ...{ issuer: writer.commonName('intermediate'), issuerKey: intermediateKey },
  spki: spkiOf(leafKey),
};
export const leaf = certificate(leafParts);
export const directLeaf = certificate({ issuerKey: rootKey, spki: spkiOf(leafKey) });
export const stranger = authority('stranger', { issuer: writer.commonName('stranger') });

export function build(request: Partial<PathRequest> = {}): readonly Certificate[] {
  const whole = { leaf, candidates: [intermediate], roots: [root], at, ...request };
  return new ChainVerifier().buildPath(whole);
}

export function reasonFor(request: Partial<PathRequest>): unknown {
  return (thrownBy(() => build(request)) as { reason?: unknown } | undefined)?.reason;
}
