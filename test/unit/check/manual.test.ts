import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');

function idsInSource(): readonly string[] {
  const folder = join(root, 'src/check/checks');
  const text = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const found = text.flatMap((source) => [
    ...source.matchAll(/(?:\bid: |checkEach\(\s*)'([a-z-]+)'/g),
  ]);
  return [...new Set(found.map(([, id = '']) => id))].sort();
}

describe('docs/check.md', () => {
  it('has a section for each check, and for nothing else', () => {
    const manual = readFileSync(join(root, 'docs/check.md'), 'utf8');
    const sections = [...manual.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title).sort();
    expect(sections).toEqual(idsInSource());
    expect(sections.length).toBeGreaterThan(20);
  });
});
