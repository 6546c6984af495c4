import type { BarResult } from './bars.ts';
import type { Bench } from './bench.ts';
import type { SeriesResult } from './series.ts';

/** What one part found out. */
export interface PartResult {
  readonly bars: readonly BarResult[];
  /** Where it was a series: for the table and the plot. */
  readonly series?: SeriesResult;
  /** A table of its own, as Markdown. */
  readonly table?: string;
  /** Further figures for the JSON. */
  readonly figures?: unknown;
}

/** One thing that is measured. Its name is what BENCH_ONLY is looked for in. */
export interface BenchPart {
  readonly name: string;
  run(bench: Bench): Promise<PartResult>;
}
