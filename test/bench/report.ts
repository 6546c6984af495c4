import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMet } from './bars.ts';
import type { PartResult } from './bench-part.ts';
import { barChart } from './plot.ts';
import { resultTable } from './result-table.ts';
import { figure, perSecond, type SeriesResult } from './series.ts';

const out = join(import.meta.dirname, '..', '..', '.cache', 'bench');

export interface Report {
  readonly kind: 'real' | 'sandbox';
  readonly isShort: boolean;
  /** What the figures were taken on. */
  readonly on: string;
  readonly parts: ReadonlyMap<string, PartResult>;
  readonly say: (line: string) => void;
}

/** Prints the tables and what each promise came to; writes them with the plot to .cache/bench. */
export function report({ kind, isShort, on, parts, say }: Report): void {
  const results = [...parts.values()];
  const series = results.flatMap((result) => result.series ?? []);
  const tables = [
    ...(series.length === 0 ? [] : [resultTable(series)]),
    ...results.flatMap(({ table }) => table ?? []),
  ];
  const bars = results.flatMap((result) => result.bars);
  mkdirSync(out, { recursive: true });
  const json = { kind, isShort, on, bars, results: series.map(plain), figures: figuresOf(parts) };
  writeFileSync(join(out, `${kind}.json`), `${JSON.stringify(json, undefined, 2)}\n`);
  writeFileSync(join(out, `${kind}.md`), `${tables.join('\n\n')}\n`);
  if (series.length > 0) writeFileSync(join(out, `${kind}.svg`), chartOf(series));
  for (const table of tables) say(`\n${table}`);
  say('');
  for (const bar of bars) {
    const sign = bar.atLeast ? '>=' : '<=';
    const mark = isMet(bar) ? 'met ' : 'MISS';
    say(`${mark} ${bar.bar}: ${bar.measured.toFixed(2)} (${sign} ${bar.wanted})`);
  }
  say(`\nwritten to .cache/bench/${kind}.{json,md,svg}`);
}

function plain({ series, bySubject }: SeriesResult): object {
  return { series, ...Object.fromEntries(bySubject) };
}

function figuresOf(parts: ReadonlyMap<string, PartResult>): object {
  const told = [...parts].filter(([, { figures }]) => figures !== undefined);
  return Object.fromEntries(told.map(([name, { figures }]) => [name, figures]));
}

function chartOf(results: readonly SeriesResult[]): string {
  const groups = results.map((result) => ({
    label: result.series.name,
    bars: [...result.bySubject.keys()].map((subject) => ({
      label: subject,
      value: figure(result, subject, perSecond),
      ours: subject.startsWith('istio-ra'),
    })),
  }));
  return barChart('Certificates a second until the last object is gone', 'medians', groups);
}
