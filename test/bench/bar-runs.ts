import type { BarResult } from './bars.ts';
import type { BenchPart, PartResult } from './bench-part.ts';

/** What was measured of each bar, and the way to measure it anew: its whole part has to run for that. */
export class BarRuns {
  readonly #run: (part: BenchPart) => Promise<PartResult>;
  readonly #runs = new Map<BenchPart, PartResult[]>();

  constructor(run: (part: BenchPart) => Promise<PartResult>) {
    this.#run = run;
  }

  /** Runs a part once more. */
  async run(part: BenchPart): Promise<PartResult> {
    const result = await this.#run(part);
    this.#runs.set(part, [...(this.#runs.get(part) ?? []), result]);
    return result;
  }

  /** Every result of a bar so far, the oldest first; none where no part that ran has it. */
  resultsOf(name: string): readonly BarResult[] {
    const results = [...this.#runs.values()].flat();
    return results.flatMap(({ bars }) => bars.filter(({ bar }) => bar === name));
  }

  /** One result of a bar, from 0; the part runs until it is there. Throws an Error where no part has it. */
  async resultOf(name: string, index: number): Promise<BarResult> {
    for (;;) {
      const result = this.resultsOf(name)[index];
      if (result !== undefined) return result;
      await this.run(this.#partOf(name));
    }
  }

  #partOf(name: string): BenchPart {
    const has = ({ bars }: PartResult): boolean => bars.some(({ bar }) => bar === name);
    const found = [...this.#runs].find(([, results]) => results.every(has))?.[0];
    if (found === undefined) throw new Error(`no part measures ${name} each time that it runs`);
    return found;
  }
}
