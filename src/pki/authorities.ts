import { parseCertificate } from './certificate.ts';
import type { Certificate } from './certificate.ts';
import { parseCertificateBundle } from './pem.ts';

/** The same certificates in the same order, each once. */
export function eachOnce(certificates: readonly Certificate[]): readonly Certificate[] {
  return certificates.filter(
    (one, at) => certificates.findIndex(({ sha256 }) => sha256 === one.sha256) === at,
  );
}

/**
 * The CA certificates of a text of PEM blocks, each once. Throws an Error where it holds more than
 * `most` blocks, or anything but CA certificates.
 */
export function parseAuthorities(pem: string, max = Infinity): readonly Certificate[] {
  const certificates = parseCertificateBundle(pem).map((der) => parseCertificate(der));
  if (certificates.length > max) throw new Error(`it holds more than ${max} roots`);
  const notCa = certificates.findIndex(({ isCa }) => !isCa);
  if (notCa >= 0) throw new Error(`certificate ${notCa + 1} is not a CA certificate`);
  return eachOnce(certificates);
}
