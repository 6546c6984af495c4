/** What a time, or a ratio of times, is judged by. */
export interface TimeLimit {
  /** What is measured, for the report: `p99 of bar to its calm value`. */
  readonly what: string;
  /** Of the values: `ms`, `s`; empty for a ratio. */
  readonly unit: 'ms' | 's' | '';
  readonly bound: { readonly atMost: number } | { readonly atLeast: number };
  /** Takes the report and the count of its values; default: stderr, where there is more than one. */
  readonly say?: (report: string, count: number) => void;
}

export interface Measurements {
  /** Whether the last value is within the bound. */
  readonly holds: boolean;
  /** In the order in which they were measured. */
  readonly values: readonly number[];
  /** One line: what was measured, how often, each value, and the bound. */
  readonly report: string;
}

/**
 * Measures until a value is within its bound, and so many times at most: neighbours on a busy machine make
 * anything slow once, while what is slow by itself is slow each time. Only the value may be measured anew:
 * what `measure` throws, be it an assertion, ends it at once.
 */
export async function measuredUpTo(
  times: number,
  limit: TimeLimit,
  measure: () => number | Promise<number>,
): Promise<Measurements> {
  if (!Number.isInteger(times) || times < 1) {
    throw new RangeError(`something is measured once at least, and not ${times} times`);
  }
  const values: number[] = [];
  let holds = false;
  while (!holds && values.length < times) {
    const value = await measure();
    values.push(value);
    holds = isWithin(value, limit.bound);
  }
  const report = reportOf(values, limit);
  const { say = sayRepeats } = limit;
  say(report, values.length);
  return { holds, values, report };
}

/** NaN, of which nothing was measured, is within no bound. */
function isWithin(value: number, bound: TimeLimit['bound']): boolean {
  return 'atMost' in bound ? value <= bound.atMost : value >= bound.atLeast;
}

function reportOf(values: readonly number[], { what, unit, bound }: TimeLimit): string {
  const told = values.map((value) => round(value)).join(', ');
  const often = values.length === 1 ? 'once' : `${values.length} times`;
  const wanted = 'atMost' in bound ? `at most ${bound.atMost}` : `at least ${bound.atLeast}`;
  const withUnit = (text: string): string => (unit === '' ? text : `${text} ${unit}`);
  return `${what}: ${withUnit(told)} (measured ${often}, ${withUnit(wanted)})`;
}

/** So that nobody takes what is just beyond a bound for the bound. */
function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function sayRepeats(report: string, count: number): void {
  if (count > 1) process.stderr.write(`${report}\n`);
}
