import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { mistakenSettings } from './misconfiguration/mistaken-settings.ts';
import { mistakesAtWork } from './misconfiguration/mistakes-at-work.ts';
import type { Where } from './misconfiguration/observed.ts';

const document = join(import.meta.dirname, '../../docs/misconfiguration.md');
const experiments = new Map(Object.entries({ ...mistakenSettings, ...mistakesAtWork }));

interface Row {
  readonly wrong: string;
  readonly where: Where;
  readonly words: string;
  readonly meanwhile: string;
}

/** What people are told: the rows of all tables of the document. */
function rowsOf(text: string): readonly Row[] {
  const rows = [...text.matchAll(/^\| (.*?) +\| (.*?) +\| `(.*?)` +\| (.*?) +\|$/gm)];
  return rows.map(([, wrong = '', where = '', words = '', meanwhile = '']) => ({
    ...{ wrong, words, meanwhile },
    where: where as Where,
  }));
}

function patternOf(words: string): RegExp {
  return new RegExp(
    words
      .split(/\s*…\s*/)
      .map(escaped)
      .join('[^]*?'),
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const rows = rowsOf(readFileSync(document, 'utf8'));

describe('docs/misconfiguration.md', () => {
  it('has a row for each mistake that is made here, and no other', () => {
    expect(rows.map(({ wrong }) => wrong)).toEqual([...experiments.keys()]);
  });

  it.each(rows.map((row) => [row.wrong, row] as const))(
    'says what is seen of: %s',
    async (wrong, { where, words, meanwhile }) => {
      const observed = await experiments.get(wrong)?.();
      expect(observed?.said[where]).toMatch(patternOf(words));
      expect(observed?.meanwhile).toBe(meanwhile);
    },
    30_000,
  );
});
