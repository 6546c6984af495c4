import type { CheckResult } from '../check/check.ts';
import { nameOf } from '../check/run-checks.ts';
import type { Paint, Style } from './terminal.ts';

/** How many ended how. */
export interface CheckCounts {
  readonly ok: number;
  readonly errors: number;
  readonly warnings: number;
  readonly skipped: number;
}

export function countResults(results: readonly CheckResult[]): CheckCounts {
  const failures = results.filter(({ verdict }) => verdict === 'failed');
  const errors = failures.filter(({ severity }) => severity === 'error').length;
  return {
    ok: results.filter(({ verdict }) => verdict === 'ok').length,
    errors,
    warnings: failures.length - errors,
    skipped: results.filter(({ verdict }) => verdict === 'skipped').length,
  };
}

/** For people: a line for each, what to do about what failed, and how many ended how. */
export function describeResults(
  results: readonly CheckResult[],
  { paint, quiet }: { readonly paint: Paint; readonly quiet: boolean },
): string {
  const shown = quiet ? results.filter(({ verdict }) => verdict !== 'ok') : results;
  const { ok, errors, warnings, skipped } = countResults(results);
  const lines = shown.map((result) => describeResult(result, paint));
  return `${lines.join('')}${errors} errors, ${warnings} warnings, ${skipped} skipped, ${ok} ok\n`;
}

const markWidth = 9;
const indent = ' '.repeat(markWidth);

function describeResult(result: CheckResult, paint: Paint): string {
  const { text, fix, link } = result;
  const [mark, style] = markOf(result);
  const name = text.includes(result.about ?? ' ') ? result.id : nameOf(result);
  const said = text.replaceAll('\n', `\n${indent}`);
  const line = `${paint(style, mark.padEnd(markWidth))}${name}: ${said}\n`;
  if (fix === undefined) return line;
  return `${line}${indent}fix: ${fix}\n${indent}${paint('dim', link)}\n`;
}

function markOf({ verdict, severity }: CheckResult): readonly [string, Style] {
  if (verdict === 'ok') return ['ok', 'green'];
  if (verdict === 'skipped') return ['skipped', 'dim'];
  return severity === 'error' ? ['ERROR', 'red'] : ['WARNING', 'yellow'];
}
