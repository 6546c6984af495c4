import type { Certificate } from '../pki/certificate.ts';
import { summarizeChain } from '../pki/chain-summary.ts';

/** A certificate in a few words that find it again. */
export function describeRoot({ pem, sha256 }: Certificate): string {
  const [summary] = summarizeChain([pem]);
  const subject = summary?.subject ?? '';
  const name = subject === '' ? 'a certificate without a subject' : subject;
  return `${name} (sha256 ${sha256.slice(0, 16)})`;
}

/** The day of an instant, in UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
