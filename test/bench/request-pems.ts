import { buildCertificateRequest } from '../../src/pki/certificate-request-builder.ts';
import { generateKeyPair } from '../../src/pki/key-pair.ts';

/** Certificate requests of as many keys, shaped as the agent shapes its own. */
export async function makeRequestPems(count: number): Promise<readonly string[]> {
  const pems: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const keyPair = await generateKeyPair('ecdsa-p256');
    const uris = [`spiffe://cluster.local/ns/foo/sa/floor-${at}`];
    pems.push(await buildCertificateRequest({ keyPair, subject: 'empty-organization', uris }));
  }
  return pems;
}
