import type { Findings } from './findings.ts';
import type { GoOracle } from './go-oracle.ts';
import type { OpensslOracle } from './openssl-oracle.ts';
import type { FuzzSettings } from './settings.ts';

/** What the chapters of a run share. */
export interface FuzzContext {
  readonly settings: FuzzSettings;
  readonly findings: Findings;
  readonly go: GoOracle | undefined;
  readonly openssl: OpensslOracle | undefined;
  readonly say: (line: string) => void;
}

/** Throws an Error where findings of that kind were kept. */
export function expectNone({ findings }: FuzzContext, target: string, kind: string): void {
  const count = findings.count(target, kind);
  if (count > 0) throw new Error(`${count} found, kept in test/fuzz/findings`);
}
