import type { BarResult } from '../bars.ts';
import type { BenchPart } from '../bench-part.ts';
import { runSeries, type Series, type SeriesResult } from '../series.ts';

/** A series, and the promises that it is judged by. */
export function seriesPart(
  series: Series,
  judge: (result: SeriesResult) => readonly BarResult[],
): BenchPart {
  return {
    name: series.name,
    run: async (bench) => {
      const result = await runSeries(bench, series);
      return { series: result, bars: judge(result) };
    },
  };
}
