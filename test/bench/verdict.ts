import type { BarResult } from './bars.ts';

/** A ratio may fall by so much below the recorded one before the short form fails. */
const mostLoss = 1 / 3;

export interface VerdictOptions {
  /** What each ratio came to when somebody last looked, by the bar's name. */
  readonly recorded: Readonly<Record<string, number>>;
  /** Whether all was measured, so that what is on record must be there. */
  readonly isWhole: boolean;
  readonly say: (line: string) => void;
}

/** Judges by the ratios that are on record: another machine has other times. Returns the exit status. */
export function verdict(
  bars: readonly BarResult[],
  { recorded, isWhole, say }: VerdictOptions,
): number {
  let status = 0;
  const measured = new Map(bars.filter(({ isRatio }) => isRatio).map((bar) => [bar.bar, bar]));
  for (const [name, before] of Object.entries(recorded)) {
    const bar = measured.get(name);
    if (bar === undefined) {
      if (!isWhole) continue;
      say(`GONE  ${name}: on record, and nobody measures it`);
      status = 1;
      continue;
    }
    const bound = bar.atLeast ? before * (1 - mostLoss) : before * (1 + mostLoss);
    const holds = bar.atLeast ? bar.measured >= bound : bar.measured <= bound;
    say(`${holds ? 'holds' : 'FELL '} ${name}: ${bar.measured.toFixed(2)}, on record ${before}`);
    if (!holds) status = 1;
  }
  return status;
}
