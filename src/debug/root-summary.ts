import type { Certificate } from '../pki/certificate.ts';
import { summarizeChain } from '../pki/chain-summary.ts';

/** A root as people tell it from others. */
export interface RootSummary {
  readonly subject: string;
  /** Hexadecimal, of the DER. */
  readonly sha256: string;
  readonly notAfter: string;
  readonly key: string;
}

/** Summaries are kept: the same few roots are shown again and again. */
const known = new WeakMap<Certificate, RootSummary>();

export function rootSummary(root: Certificate): RootSummary {
  const found = known.get(root);
  if (found !== undefined) return found;
  const [summary] = summarizeChain([root.pem]);
  const made: RootSummary = {
    subject: summary?.subject ?? '',
    sha256: root.sha256,
    notAfter: new Date(root.notAfter).toISOString(),
    key: summary?.key ?? '',
  };
  known.set(root, made);
  return made;
}
