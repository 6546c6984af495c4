import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BarResult } from './bars.ts';

/** A ratio may fall by so much below the recorded one before the short form fails. */
const mostLoss = 1 / 3;

/** Judges by the ratios that are on record: another machine has other times. Returns the exit status. */
export function verdict(
  kind: 'real' | 'sandbox',
  bars: readonly BarResult[],
  say: (line: string) => void,
): number {
  const recorded = JSON.parse(
    readFileSync(join(import.meta.dirname, 'recorded-ratios.json'), 'utf8'),
  ) as Record<string, Record<string, number>>;
  let status = 0;
  for (const bar of bars.filter(({ isRatio }) => isRatio)) {
    const before = recorded[kind]?.[bar.bar];
    if (before === undefined) continue;
    const bound = bar.atLeast ? before * (1 - mostLoss) : before * (1 + mostLoss);
    const holds = bar.atLeast ? bar.measured >= bound : bar.measured <= bound;
    say(`${holds ? 'holds' : 'FELL '} ${bar.bar}: ${bar.measured.toFixed(2)}, on record ${before}`);
    if (!holds) status = 1;
  }
  return status;
}
