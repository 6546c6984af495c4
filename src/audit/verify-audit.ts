import { sha256 } from './audit-text.ts';
import { ChainCheck } from './chain-check.ts';
import type { ChainFault } from './chain-check.ts';
import { readLine } from './hash-chain.ts';
import type { ChainLink, ReadFields } from './hash-chain.ts';
import { RequestCheck } from './request-check.ts';
import type { RequestFault } from './request-check.ts';

type LineFault =
  /** Neither a line of ours nor of a log. */
  | { readonly kind: 'unreadable' }
  /** What a crash left of a line, as the writer after it found and told. */
  | { readonly kind: 'torn' }
  /** The last line is not whole: being written, left by a crash, or the end was cut off. */
  | { readonly kind: 'cut' }
  /** The input holds more chains than are followed; the line was not checked. */
  | { readonly kind: 'too_many_chains' };

/** Something to explain, and the number of the input line (from 1) at which it showed. */
export type AuditProblem = (
  LineFault | (ChainFault & { readonly chain: string }) | RequestFault
) & { readonly line: number };

export type AuditProblemKind = AuditProblem['kind'];

export interface ChainReport {
  readonly chain: string;
  readonly lines: number;
  /** Above 1 when the beginning is not in the input; right for the first chain after rotations. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Hash of the last line, to compare with a head that was kept elsewhere. */
  readonly lastHash: string;
  /** Whether the last line says that the writer ended in order. If not, nobody can tell a cut end. */
  readonly closed: boolean;
}

export interface AuditReport {
  /** No line is missing, altered, reordered, repeated, cut or unreadable; torn ones are explained. */
  readonly intact: boolean;
  /** Each request has one decision, and each intent too. */
  readonly complete: boolean;
  /** Audit lines, without those of others. */
  readonly lines: number;
  readonly foreignLines: number;
  readonly chains: readonly ChainReport[];
  readonly counts: Readonly<Partial<Record<AuditProblemKind, number>>>;
  /** The first thousand. */
  readonly problems: readonly AuditProblem[];
}

const maxProblems = 1_000;
const maxChains = 10_000;
const harmless: ReadonlySet<AuditProblemKind> = new Set(['torn']);
const ofRequests: ReadonlySet<AuditProblemKind> = new Set([
  'decided_twice',
  'intent_without_decision',
  'decision_without_intent',
]);

/** Reads a trail, oldest line first, and tells all that is wrong with it. Memory is bounded. */
export async function verifyAudit(lines: AsyncIterable<string>): Promise<AuditReport> {
  const verification = new Verification();
  for await (const line of lines) verification.add(line);
  return verification.finish();
}

interface CheckedChain {
  readonly check: ChainCheck;
  closed: boolean;
}

class Verification {
  readonly #chains = new Map<string, CheckedChain>();
  readonly #requests = new RequestCheck();
  readonly #counts: Partial<Record<AuditProblemKind, number>> = {};
  readonly #problems: AuditProblem[] = [];
  #lineNumber = 0;
  #lines = 0;
  #foreignLines = 0;
  /** The line before, while it is unreadable and the next one may yet account for it. */
  #unexplained: { readonly hash: string; readonly line: number } | undefined;

  add(text: string): void {
    this.#lineNumber += 1;
    if (text === '') return;
    const read = readLine(text);
    this.#explain(read.kind === 'line' ? read.fields : {});
    if (read.kind === 'unreadable') {
      this.#unexplained = { hash: sha256(text), line: this.#lineNumber };
    } else if (read.kind === 'foreign') this.#foreignLines += 1;
    else this.#check(read.link, read.fields, sha256(text));
  }

  finish(): AuditReport {
    if (this.#unexplained !== undefined) {
      this.#report({ kind: 'cut', line: this.#unexplained.line });
    }
    for (const [chain, { check }] of this.#chains) this.#reportChain(chain, check.missing());
    for (const fault of this.#requests.open()) this.#report({ ...fault, line: this.#lineNumber });
    const kinds = Object.keys(this.#counts) as AuditProblemKind[];
    return {
      intact: kinds.every((kind) => harmless.has(kind) || ofRequests.has(kind)),
      complete: kinds.every((kind) => !ofRequests.has(kind)),
      lines: this.#lines,
      foreignLines: this.#foreignLines,
      chains: [...this.#chains].map(([chain, checked]) => reportOf(chain, checked)),
      counts: this.#counts,
      problems: this.#problems,
    };
  }

  /** A line that could not be read is what a crash left if the next writer says so. */
  #explain(next: ReadFields): void {
    if (this.#unexplained === undefined) return;
    const { hash, line } = this.#unexplained;
    const torn = next['kind'] === 'opened' && tornHash(next) === hash;
    this.#report({ kind: torn ? 'torn' : 'unreadable', line });
    this.#unexplained = undefined;
  }

  #check(link: ChainLink, fields: ReadFields, hash: string): void {
    this.#lines += 1;
    const hashed = { ...link, hash };
    const chain = this.#chains.get(link.chain) ?? this.#newChain(link.chain, hashed);
    if (chain === undefined) {
      this.#report({ kind: 'too_many_chains', line: this.#lineNumber });
      return;
    }
    const faults = chain.check.add(hashed);
    this.#reportChain(link.chain, faults);
    chain.closed = fields['kind'] === 'closed';
    if (faults.some((fault) => fault.kind === 'repeated')) return;
    for (const fault of this.#requests.add(fields, chain.check.firstSeq === 1)) {
      this.#report({ ...fault, line: this.#lineNumber });
    }
  }

  #newChain(name: string, first: ChainLink & { readonly hash: string }): CheckedChain | undefined {
    if (this.#chains.size >= maxChains) return undefined;
    // Only what begins the input can have lost its beginning to rotation.
    const check = new ChainCheck(first, this.#chains.size === 0);
    const chain = { check, closed: false };
    this.#chains.set(name, chain);
    return chain;
  }

  #reportChain(chain: string, faults: readonly ChainFault[]): void {
    for (const fault of faults) this.#report({ ...fault, chain, line: this.#lineNumber });
  }

  #report(problem: AuditProblem): void {
    this.#counts[problem.kind] = (this.#counts[problem.kind] ?? 0) + 1;
    if (this.#problems.length < maxProblems) this.#problems.push(problem);
  }
}

function tornHash({ torn }: ReadFields): unknown {
  return typeof torn === 'object' && torn !== null && 'sha256' in torn ? torn.sha256 : undefined;
}

function reportOf(chain: string, { check, closed }: CheckedChain): ChainReport {
  const { lines, firstSeq, lastSeq, lastHash } = check;
  return { chain, lines, firstSeq, lastSeq, lastHash, closed };
}
