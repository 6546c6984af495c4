import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Something that must not be. */
export interface Finding {
  /** What was fed: `csr`, `certificate`, `mesh-config` and so on. */
  readonly target: string;
  /** What is wrong: `crash`, `slow`, `go`, `openssl`. */
  readonly kind: string;
  /** In one line; findings of one kind with one detail are counted together. */
  readonly detail: string;
  readonly input: string | Uint8Array;
  readonly seed: number;
  readonly index: number;
  /** How the case came about. */
  readonly steps: readonly string[];
}

const folder = join(import.meta.dirname, '..', 'findings');
/** Beyond that another of the same kind tells nothing new. */
const maxPerKind = 5;

/** Keeps findings: the first few of each kind as files to reproduce them from. */
export class Findings {
  readonly #counts = new Map<string, number>();

  count(target: string, kind: string): number {
    return this.#counts.get(`${target}-${kind}`) ?? 0;
  }

  /** `smaller` is asked for a smaller case that shows the same, where the finding will be kept. */
  async add(finding: Finding, smaller?: () => Promise<Finding>): Promise<void> {
    const group = `${finding.target}-${finding.kind}`;
    const count = (this.#counts.get(group) ?? 0) + 1;
    this.#counts.set(group, count);
    if (count <= maxPerKind) write(smaller === undefined ? finding : await smaller(), group);
  }
}

function write(finding: Finding, group: string): void {
  const { input, ...facts } = finding;
  const name = join(folder, `${group}-${finding.seed}-${finding.index}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${name}.input`, input);
  writeFileSync(`${name}.json`, `${JSON.stringify(facts, undefined, 2)}\n`);
  process.stdout.write(`  FOUND ${group}, case ${finding.index}: ${finding.detail}\n`);
  process.stdout.write(`          kept as ${name}.input\n`);
}

/** The first line of an error with the place that threw it. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const place = /\n\s*at (.*)/.exec(error.stack ?? '')?.[1] ?? 'somewhere';
  return `${error.name}: ${error.message.split('\n', 1)[0] ?? ''} at ${place}`.slice(0, 500);
}

/** Shortening ends after so many tries, or so long: a smaller file is a kindness, not worth minutes. */
const maxTries = 300;
const maxMs = 30_000;

/** A shorter text, by leaving pieces out, that still `shows` the same. */
export function shortened(text: string, shows: (candidate: string) => boolean): string {
  let best = text;
  let tries = 0;
  const end = performance.now() + maxMs;
  const goesOn = (): boolean => tries < maxTries && performance.now() < end;
  for (let piece = text.length >> 1; piece > 0; piece >>= 1) {
    for (let at = 0; at < best.length && goesOn(); tries += 1) {
      const candidate = best.slice(0, at) + best.slice(at + piece);
      if (shows(candidate)) best = candidate;
      else at += piece;
    }
  }
  return best;
}
