import { describe, expect, it } from '@jest/globals';
import { formatTable, tableWidth, wrapText } from '../../../src/cli/text-table.ts';

const rows = [
  ['', 'FOR', 'BECAUSE'],
  [
    '*',
    'spiffe://cluster.local/ns/foo/sa/httpbin',
    'the ProxyConfig foopc of the namespace says so',
  ],
];

function widest(table: string): number {
  return Math.max(...table.split('\n').map(({ length }) => length));
}

describe('formatTable', () => {
  it('is as wide as it needs where no width is given', () => {
    expect(formatTable(rows).split('\n')).toHaveLength(rows.length + 1);
  });

  it.each([80, 60, 40, 30])('keeps to a terminal of %d columns', (width) => {
    expect(widest(formatTable(rows, width))).toBeLessThanOrEqual(width);
  });

  it('loses no letter when it wraps', () => {
    const letters = (text: string): string => Array.from(text.replace(/\s/g, '')).sort().join('');
    expect(letters(formatTable(rows, 40))).toBe(letters(rows.flat().join('')));
  });

  it('leaves a table that fits as it is', () => {
    expect(
      formatTable(
        [
          ['A', 'B'],
          ['one', 'two'],
        ],
        80,
      ),
    ).toBe('A    B\none  two\n');
  });

  it('keeps times in one piece where names can give way', () => {
    const time = '2026-01-01T00:00:00Z';
    expect(formatTable([['spiffe://cluster.local/ns/foo/sa/httpbin', time]], 50)).toContain(time);
  });

  it('ends on a terminal that is too small for any table', () => {
    expect(formatTable(rows, 1)).toContain('httpbin');
  });
});

describe('wrapText', () => {
  it('breaks at blanks, and in a word that is longer than a line', () => {
    expect(wrapText('so it is: incomprehensible', 9)).toEqual([
      'so it is:',
      'incompreh',
      'ensible',
    ]);
  });
});

describe('tableWidth', () => {
  it('is the terminal’s', () => {
    expect(tableWidth({ isTTY: true, columns: 72, write: () => true })).toBe(72);
  });

  it('is none for a pipe, whatever it says of columns', () => {
    expect(tableWidth({ columns: 72, write: () => true })).toBeUndefined();
  });
});
