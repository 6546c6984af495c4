import { parseCertificateRequest } from '../../../src/pki/certificate-request.ts';
import type { CertificateRequest } from '../../../src/pki/certificate-request.ts';
import * as csr from '../../support/csr-writer.ts';
import * as der from '../../support/der-writer.ts';

/** What a gate without one of its checks would say it had let in. */
export interface Mistake {
  readonly name: string;
  readonly request: CertificateRequest;
}

const basicConstraints = csr.extension('2.5.29.19', der.sequence(der.boolean(0xff)), true);
const names = [csr.uriName(csr.workloadUri)];
const san = csr.sanExtension(names);
const password = der.sequence(der.oid('1.2.840.113549.1.9.7'), der.set(der.utf8String('secret')));

const overlooked: Readonly<Record<string, csr.CsrParts>> = {
  'another name': { names: [csr.uriName('spiffe://cluster.local/ns/bar/sa/httpbin')] },
  'a second name': { names: [...names, csr.uriName('spiffe://cluster.local/ns/bar/sa/x')] },
  'a DNS name': { names: [...names, der.contextPrimitive(2, Buffer.from('example.com'))] },
  'a common name': { subject: der.sequence(csr.rdn('2.5.4.3', der.utf8String('x'))) },
  'a second extension': { extensions: [san, basicConstraints] },
  'a second attribute': { attributes: [csr.extensionRequest(der.sequence(san)), password] },
  'another key': { key: csr.storedKey('ec-p256-other') },
  'a signature of another key': {
    ...{ key: csr.storedKey('ec-p256-other'), spki: csr.spkiOf(csr.storedKey('ec-p256')) },
  },
};

/**
 * Requests with something in them that our reading of them does not say. The other readers must see
 * it, or their agreement with us proves nothing.
 */
export function mistakes(): readonly Mistake[] {
  const believed = parseCertificateRequest(csr.writeCsrPem());
  return Object.entries(overlooked).map(([name, parts]) => {
    const bytes = csr.writeCsr(parts);
    return { name, request: { ...believed, der: bytes, pem: csr.pemOf(bytes) } };
  });
}
