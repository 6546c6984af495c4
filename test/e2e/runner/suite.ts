import { setTimeout as sleep } from 'node:timers/promises';

/** Takes a fact that a reader of the report should see: an issuer, a status, a count. */
export type Show = (evidence: string) => void;

/** One thing that is proved. It passes unless `run` throws. */
export interface Step {
  readonly name: string;
  /** A tool without which it is skipped, by its name. */
  readonly needs?: string;
  /** The later steps of the chapter stand on this one: they fail unrun where it fails. */
  readonly foundation?: boolean;
  /** Ends what the others of the chapter began: it is run where any of them is. */
  readonly isLast?: boolean;
  /** How long it may take, where that is not what the suite allows. */
  readonly maxMs?: number;
  readonly run: (show: Show) => Promise<void>;
}

export interface SuiteOptions {
  /** Receives the report line by line, as it comes about. */
  readonly print: (line: string) => void;
  /** Tools that are missing here, with what to install. */
  readonly missing: ReadonlyMap<string, string>;
  /** Nothing may be skipped: a missing tool fails what needs it. */
  readonly mustRunAll: boolean;
  /** A step that takes longer has failed. */
  readonly maxStepMs: number;
}

/** Runs named steps one after the other and counts what became of them. */
export class Suite {
  readonly #options: SuiteOptions;
  readonly #failures: string[] = [];
  readonly #skips: string[] = [];
  #passed = 0;

  constructor(options: SuiteOptions) {
    this.#options = options;
  }

  /** Whether something was proved and nothing failed. */
  get succeeded(): boolean {
    return this.#failures.length === 0 && this.#passed > 0;
  }

  /** Runs the steps of one chapter. Returns whether all of them passed. */
  async chapter(title: string, steps: readonly Step[]): Promise<boolean> {
    const before = this.#failures.length;
    this.#options.print(`\n${title}`);
    let broken: string | undefined;
    for (const step of steps) {
      if (broken !== undefined) {
        this.#fail(step, `not run, because this failed: ${broken}`);
      } else if (!(await this.#one(step)) && step.foundation === true) {
        broken = step.name;
      }
    }
    return this.#failures.length === before;
  }

  /** Prints what failed and what was skipped, and the line `N passed, N failed`. */
  summarize(): void {
    const { print } = this.#options;
    for (const skip of this.#skips) print(`skipped  ${skip}`);
    for (const failure of this.#failures) print(`FAILED   ${failure}`);
    const skipped = this.#skips.length === 0 ? '' : `, ${this.#skips.length} skipped`;
    print(`\n${this.#passed} passed, ${this.#failures.length} failed${skipped}`);
  }

  async #one(step: Step): Promise<boolean> {
    const advice = step.needs === undefined ? undefined : this.#options.missing.get(step.needs);
    if (advice !== undefined) return this.#skip(step, advice);
    const start = performance.now();
    const evidence: string[] = [];
    try {
      await this.#bounded(step, (fact) => void evidence.push(fact));
    } catch (error) {
      this.#fail(step, describe(error), evidence);
      return false;
    }
    this.#passed += 1;
    this.#options.print(`  ok    ${step.name}  (${secondsSince(start)} s)`);
    for (const fact of evidence) this.#options.print(`          ${fact}`);
    return true;
  }

  async #bounded({ run, maxMs = this.#options.maxStepMs }: Step, show: Show): Promise<void> {
    const over = new AbortController();
    const work = run(show);
    const late = sleep(maxMs, undefined, { signal: over.signal }).then(
      () => Promise.reject(new Error(`took longer than ${maxMs} ms`)),
      () => undefined,
    );
    try {
      await Promise.race([work, late.then(() => work)]);
    } finally {
      over.abort();
    }
  }

  #skip(step: Step, advice: string): boolean {
    if (this.#options.mustRunAll) {
      this.#fail(step, `nothing may be skipped here: ${advice}`);
      return false;
    }
    this.#skips.push(`${step.name}: ${advice}`);
    this.#options.print(`  skip  ${step.name}: ${advice}`);
    return true;
  }

  #fail(step: Step, why: string, evidence: readonly string[] = []): void {
    this.#failures.push(`${step.name}: ${why.split('\n', 1)[0] ?? ''}`);
    this.#options.print(`  FAIL  ${step.name}`);
    for (const line of [...evidence, ...why.split('\n')]) this.#options.print(`          ${line}`);
  }
}

/** Seconds since a moment of `performance.now()`, for people. */
export function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${describe(error.cause)}`;
  return `${error.message}${cause}`;
}
