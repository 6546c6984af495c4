import type { TextSink } from './terminal.ts';

const gap = '  ';
/** Narrower columns are no columns any more: a terminal that small wraps by itself. */
const narrowestColumn = 8;
const waysToFit = [
  { spared: 'YYYY-MM-DDThh:mm:ssZ'.length, narrowest: 12 },
  { spared: 0, narrowest: narrowestColumn },
] as const;

/** How wide a table may be: the terminal's columns, or undefined where it goes to a file or a pipe. */
export function tableWidth({ isTTY, columns }: TextSink): number | undefined {
  return isTTY === true ? columns : undefined;
}

/**
 * Aligns rows in columns, two blanks apart; the first row is the heading. Where that is wider than
 * `width`, the widest columns give way and their cells go on in the next line, so that nothing is lost.
 */
export function formatTable(rows: readonly (readonly string[])[], width?: number): string {
  const natural = naturalWidths(rows);
  const widths = width === undefined ? natural : fittedWidths(natural, width);
  return rows.flatMap((row) => linesOfRow(row, widths).map((line) => `${line}\n`)).join('');
}

function naturalWidths(rows: readonly (readonly string[])[]): readonly number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return widths;
}

/**
 * Cuts wide columns to one width, the largest with which all fit. Times and kinds of keys are easier to
 * read in one piece than names, so that short columns give way only where the others cannot do it alone.
 */
function fittedWidths(natural: readonly number[], width: number): readonly number[] {
  const available = width - gap.length * (natural.length - 1);
  const total = (widths: readonly number[]): number => widths.reduce((sum, each) => sum + each, 0);
  for (const { spared, narrowest } of waysToFit) {
    for (let cap = Math.max(narrowest, ...natural); cap >= narrowest; cap -= 1) {
      const widths = capped(natural, cap, spared);
      if (total(widths) <= available) return widths;
    }
  }
  return capped(natural, narrowestColumn, 0);
}

function capped(natural: readonly number[], cap: number, spared: number): readonly number[] {
  return natural.map((each) => (each <= spared ? each : Math.min(each, cap)));
}

function linesOfRow(row: readonly string[], widths: readonly number[]): readonly string[] {
  const cells = row.map((cell, i) => wrapText(cell, widths[i] ?? cell.length));
  const height = Math.max(1, ...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, at) =>
    cells
      .map((lines, i) => (lines[at] ?? '').padEnd(widths[i] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}

/** Breaks a text at blanks, and inside a word that alone is longer than a line. */
export function wrapText(text: string, width: number): readonly string[] {
  if (text.length <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => piecesOf(each, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function piecesOf(word: string, width: number): readonly string[] {
  const pieces = Array.from({ length: Math.ceil(word.length / width) }, (_, at) =>
    word.slice(at * width, (at + 1) * width),
  );
  return pieces.length === 0 ? [''] : pieces;
}
