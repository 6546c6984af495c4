import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../base/error-message.ts';
import { parseCertificate } from '../pki/certificate.ts';
import type { Certificate } from '../pki/certificate.ts';
import { parseCertificateBundle } from '../pki/pem.ts';
import type { ServingIdentity } from '../server/credentials.ts';
import type { ServedCertificate } from './serving-certificate-source.ts';

/** A pair that fits, with its chain taken apart. */
export interface ReadPair {
  readonly served: ServedCertificate;
  readonly leaf: Certificate;
  /** What follows the leaf, in the order of the text. */
  readonly others: readonly Certificate[];
}

/**
 * Reads a certificate, the leaf first, and its unencrypted key. Throws an Error that says which of
 * the two cannot be read, that they do not belong together, or that TLS cannot use them. Dates are
 * not looked at, nor who signed.
 */
export function readPair(identity: ServingIdentity): ReadPair {
  const { certificateChainPem, privateKeyPem } = identity;
  const [leaf, ...others] = readChain(certificateChainPem);
  if (leaf === undefined) throw new Error('the certificate cannot be read: there is none');
  const publicKey = createPublicKey(readKey(privateKeyPem));
  const spkiDer = publicKey.export({ type: 'spki', format: 'der' });
  if (Buffer.compare(spkiDer, leaf.spkiDer) !== 0) {
    throw new Error('the key is not the key of the certificate');
  }
  // OpenSSL has its own mind about keys that are too short, and would tell each client instead.
  createSecureContext({ cert: certificateChainPem, key: privateKeyPem });
  return { served: servedCertificateOf(leaf, identity), leaf, others };
}

/** `identity` with what its leaf says. */
export function servedCertificateOf(
  { notBefore, notAfter, serialNumber, subjectAltNames }: Certificate,
  { certificateChainPem, privateKeyPem }: ServingIdentity,
): ServedCertificate {
  const names = subjectAltNames.filter(({ kind }) => kind === 'dns');
  const dnsNames = names.map(({ value }) => value);
  return { certificateChainPem, privateKeyPem, notBefore, notAfter, serialNumber, dnsNames };
}

function readChain(pem: string): readonly Certificate[] {
  try {
    return parseCertificateBundle(pem).map((der) => parseCertificate(der));
  } catch (cause) {
    throw new Error(`the certificate cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // OpenSSL's own words help nobody, and the text is a secret.
    throw new Error('the key cannot be read: an unencrypted private key in PEM is needed');
  }
}
