import { measuredUpTo } from '../support/measured-up-to.ts';
import type { BarRuns } from './bar-runs.ts';
import type { BarResult } from './bars.ts';

/** A ratio may fall by so much below the recorded one before the short form fails. */
const maxLoss = 1 / 3;
/** A busy machine spoils a time now and then, and a count never. */
const timesAtMost = 3;

export interface VerdictOptions {
  /** What each ratio came to when somebody last looked, by the bar's name. */
  readonly recorded: Readonly<Record<string, number>>;
  /** Whether all was measured, so that what is on record must be there. */
  readonly isWhole: boolean;
  readonly say: (line: string) => void;
}

/**
 * Judges by the ratios that are on record: another machine has other times. A ratio of times holds where it
 * does in one of three runs of its part, and everything else where it does in each. Returns the exit status.
 */
export async function verdict(
  runs: BarRuns,
  { recorded, isWhole, say }: VerdictOptions,
): Promise<number> {
  const [times, others]: [Recorded[], Recorded[]] = [[], []];
  let status = 0;
  for (const [name, before] of Object.entries(recorded)) {
    const bar = runs.resultsOf(name).find(({ isRatio }) => isRatio);
    if (bar !== undefined) (bar.isOfTimes === true ? times : others).push({ bar, before });
    else if (isWhole) {
      say(`GONE  ${name}: on record, and nobody measures it`);
      status = 1;
    }
  }
  for (const one of times) if (!(await timeHolds(runs, one, say))) status = 1;
  // Last, since a part that runs once more counts them once more.
  for (const one of others) if (!holdsEachTime(runs, one, say)) status = 1;
  return status;
}

interface Recorded {
  readonly bar: BarResult;
  readonly before: number;
}

type Say = VerdictOptions['say'];

function boundOf({ bar, before }: Recorded): { readonly atLeast: number } | { atMost: number } {
  return bar.atLeast ? { atLeast: before * (1 - maxLoss) } : { atMost: before * (1 + maxLoss) };
}

async function timeHolds(runs: BarRuns, recorded: Recorded, say: Say): Promise<boolean> {
  const { bar } = recorded.bar;
  let index = 0;
  const limit = { what: bar, unit: '', bound: boundOf(recorded), say: () => undefined } as const;
  const { holds, values } = await measuredUpTo(timesAtMost, limit, async () => {
    return (await runs.resultOf(bar, index++)).measured;
  });
  tell({ holds, recorded, values }, say);
  return holds;
}

function holdsEachTime(runs: BarRuns, recorded: Recorded, say: Say): boolean {
  const bound = boundOf(recorded);
  const values = runs.resultsOf(recorded.bar.bar).map(({ measured }) => measured);
  const holds = values.every((value) =>
    'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost,
  );
  tell({ holds, recorded, values }, say);
  return holds;
}

function tell(
  judged: {
    readonly holds: boolean;
    readonly recorded: Recorded;
    readonly values: readonly number[];
  },
  say: Say,
): void {
  const { holds, recorded, values } = judged;
  const told = values.map((value) => value.toFixed(2)).join(', ');
  const often = values.length === 1 ? '' : ` (measured ${values.length} times)`;
  say(
    `${holds ? 'holds' : 'FELL '} ${recorded.bar.bar}: ${told}${often}, on record ${recorded.before}`,
  );
}
