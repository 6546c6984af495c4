import type { CheckResult } from '../check/check.ts';
import { nameOf } from '../check/run-checks.ts';
import { wrapText } from './text-table.ts';
import type { Styler, Style } from './terminal.ts';

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

interface Looks {
  readonly styled: Styler;
  readonly quiet: boolean;
  /** Where lines end; undefined where they may be as long as they are. */
  readonly width: number | undefined;
}

/** For people: a line for each, what to do about what failed, and how many ended how. */
export function describeResults(results: readonly CheckResult[], looks: Looks): string {
  const { quiet } = looks;
  const shown = quiet ? results.filter(({ verdict }) => verdict !== 'ok') : results;
  const { ok, errors, warnings, skipped } = countResults(results);
  const lines = shown.map((result) => describeResult(result, looks));
  return `${lines.join('')}${errors} errors, ${warnings} warnings, ${skipped} skipped, ${ok} ok\n`;
}

const markWidth = 9;
const indent = ' '.repeat(markWidth);
const narrowest = 20;

function describeResult(result: CheckResult, { styled, width }: Looks): string {
  const { text, fix, link } = result;
  const [mark, style] = markOf(result);
  const name = text.includes(result.about ?? ' ') ? result.id : nameOf(result);
  const line = `${styled(style, mark.padEnd(markWidth))}${indented(`${name}: ${text}`, width)}\n`;
  if (fix === undefined) return line;
  return `${line}${indent}${indented(`fix: ${fix}`, width)}\n${indent}${styled('dim', link)}\n`;
}

/** What follows a mark; its further lines start below its first one. */
function indented(text: string, width: number | undefined): string {
  const lines = text.split('\n').flatMap((each) => wrapped(each, width));
  return lines.join(`\n${indent}`);
}

function wrapped(line: string, width: number | undefined): readonly string[] {
  return width === undefined ? [line] : wrapText(line, Math.max(narrowest, width - markWidth));
}

function markOf({ verdict, severity }: CheckResult): readonly [string, Style] {
  if (verdict === 'ok') return ['ok', 'green'];
  if (verdict === 'skipped') return ['skipped', 'dim'];
  return severity === 'error' ? ['ERROR', 'red'] : ['WARNING', 'yellow'];
}
