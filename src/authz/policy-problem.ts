import { printable } from '../base/logger.ts';

/** Where in the policy file something stands. */
export interface SourceLocation {
  /** Such as `rules[0].signers[1]`; "" for the whole file. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
}

/** One thing that is wrong with a policy. */
export interface PolicyProblem extends SourceLocation {
  readonly problem: string;
}

/** A problem of what stands at a place, of which nothing but the place is kept. */
export function problemAt({ path, line }: SourceLocation, problem: string): PolicyProblem {
  return { path, line, problem };
}

/** A message longer than this helps nobody. */
const maxShown = 50;
const maxShownLength = 300;

/** Thrown when a signer policy cannot be used. Its message has one line for each problem. */
export class SignerPolicyError extends Error {
  /** In the order of the file. */
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[]) {
    const inOrder = problems.toSorted((one, other) => one.line - other.line);
    const lines = inOrder.slice(0, maxShown).map(describeProblem);
    const left = inOrder.length - lines.length;
    super([...lines, ...(left > 0 ? [`and ${left} more`] : [])].join('\n'));
    this.name = 'SignerPolicyError';
    this.problems = inOrder;
  }
}

/** One line: `line 7, rules[0].signers[1]: must be a signer`. */
export function describeProblem({ line, path, problem }: PolicyProblem): string {
  const place = path === '' ? `line ${line}` : `line ${line}, ${printable(path)}`;
  return `${place}: ${printable(problem, maxShownLength)}`;
}
