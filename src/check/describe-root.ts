import { X509Certificate } from 'node:crypto';
import type { Certificate } from '../pki/certificate.ts';

/** A certificate in a few words that find it again. */
export function describeRoot({ der, sha256 }: Certificate): string {
  const subject = new X509Certificate(der).subject.replaceAll('\n', ', ');
  return `${subject === '' ? 'a certificate without a subject' : subject} (sha256 ${sha256.slice(0, 16)})`;
}

/** The day of an instant, in UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
