import { writeCsrPem } from './csr-writer.ts';
import type { CsrParts } from './csr-writer.ts';

/** A request by its row in the matrix that the gate was designed from. */
export interface CorpusEntry {
  readonly row: number;
  readonly name: string;
  readonly pem: string;
}

/** One that must be refused, and for which reason. */
export interface HostileEntry extends CorpusEntry {
  readonly reason: string;
}

export function hostile(row: number, reason: string, name: string, parts: CsrParts): HostileEntry {
  return { row, reason, name, pem: writeCsrPem(parts) };
}
