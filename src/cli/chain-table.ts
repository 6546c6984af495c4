import { summarizeChain } from '../pki/chain-summary.ts';
import type { CertificateSummary } from '../pki/chain-summary.ts';
import { encodePem, parseCertificateBundle } from '../pki/pem.ts';
import { plainTime } from './plain-time.ts';
import { formatTable } from './text-table.ts';

/** Where in the answer a certificate stood, and what it is. */
export interface ChainEntry extends CertificateSummary {
  readonly role: 'leaf' | 'intermediate' | 'root';
}

/** Every certificate of an answer, the several roots of its last element included. */
export function describeChain(chain: readonly string[]): readonly ChainEntry[] {
  return chain.flatMap((element, index) => {
    const pems = parseCertificateBundle(element).map((der) => encodePem('CERTIFICATE', der));
    const role = index === 0 ? 'leaf' : index === chain.length - 1 ? 'root' : 'intermediate';
    return summarizeChain(pems).map((summary) => ({ ...summary, role }) as const);
  });
}

/**
 * An answer as rows for a person: what each certificate is, who signed it, how long it lasts; no wider
 * than `width`, where there is one.
 */
export function chainTable(chain: readonly string[], width?: number): string {
  const rows = describeChain(chain).map((entry) => [
    entry.role,
    entry.subjectAltNames.join(', ').replace('uri:', '') || shortName(entry.subject),
    shortName(entry.issuer),
    entry.key,
    plainTime(entry.notAfter.getTime()),
  ]);
  return formatTable([['', 'FOR', 'ISSUER', 'KEY', 'NOT AFTER'], ...rows], width);
}

/** The common name where there is one: the rest of a name seldom tells certificates apart. */
function shortName(name: string): string {
  return /(?:^|, ?)CN=([^,]+)/.exec(name)?.[1] ?? name;
}
