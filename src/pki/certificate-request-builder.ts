import { x509 } from './crypto.ts';
import { defaultHash } from './key-pair.ts';
import type { KeyPair } from './key-pair.ts';
import { encodePem } from './pem.ts';
import { subjectAltName } from './subject-alt-name-builder.ts';

export interface CertificateRequestTemplate {
  readonly keyPair: KeyPair;
  /** `empty` is what ztunnel sends, `empty-organization` (one O="") what istio-agent sends. */
  readonly subject: 'empty' | 'empty-organization';
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** Replaces the subject; for serving certificates of our own, workloads have none. */
  readonly commonName?: string;
}

/**
 * A CERTIFICATE REQUEST in PEM (RFC 2986) with one critical subjectAltName, shaped as the clients of
 * istiod shape theirs: with one URI `parseCertificateRequest` takes it.
 */
export async function buildCertificateRequest(
  template: CertificateRequestTemplate,
): Promise<string> {
  const { keyPair, uris = [], dnsNames = [] } = template;
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name(subjectOf(template)),
    keys: { privateKey: keyPair.privateKey, publicKey: keyPair.publicKey },
    signingAlgorithm: { name: 'ECDSA', hash: defaultHash(keyPair.algorithm) },
    extensions: [subjectAltName({ uris, dnsNames, critical: true })],
  });
  return encodePem('CERTIFICATE REQUEST', new Uint8Array(request.rawData));
}

function subjectOf({ subject, commonName }: CertificateRequestTemplate): x509.JsonNameParams {
  if (commonName !== undefined) return [{ CN: [{ utf8String: commonName }] }];
  return subject === 'empty' ? [] : [{ O: [{ printableString: '' }] }];
}
