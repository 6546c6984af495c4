import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const text = await readFile(join(root, 'docs/architecture.md'), 'utf8');

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

describe('docs/architecture.md', () => {
  it('names files and folders of src that are there', async () => {
    const named = new Set(
      [...text.matchAll(/`([a-z][\w-]*(?:\/[\w-]+)+(?:\.ts)?)`/g)].map(([, path]) => path ?? ''),
    );
    const found = await Promise.all(
      [...named].map(async (path) => [path, await isThere(join(root, 'src', path))] as const),
    );
    const missing = found.filter(([, there]) => !there).map(([path]) => path);

    expect(named.size).toBeGreaterThan(30);
    expect(missing).toEqual([]);
  });

  it('has every module of src in its drawing', async () => {
    const [, drawing = ''] = /## The modules([^]*?)## /.exec(text) ?? [];
    const drawn = drawing.split(/\s+/);
    const entries = await readdir(join(root, 'src'), { withFileTypes: true });
    const modules = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);

    expect(modules.filter((module) => !drawn.includes(module))).toEqual([]);
  });
});
