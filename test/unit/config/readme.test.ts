import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { serveSettings } from '../../../src/config/serve-settings.ts';
import type { Setting } from '../../../src/config/setting.ts';

describe('the README', () => {
  it('has a row for every flag and every variable of serve', async () => {
    const readme = await readFile(join(import.meta.dirname, '../../../README.md'), 'utf8');
    const table = readme.split('\n').filter((line) => line.startsWith('|'));
    const settings: readonly Setting<unknown>[] = Object.values(serveSettings);
    const names = settings.flatMap(({ flag, env }) => [
      ...(flag === undefined ? [] : [`\`--${flag}\``]),
      ...(env === undefined ? [] : [`\`${env}\``]),
    ]);
    const missing = names.filter((name) => !table.some((row) => row.includes(name)));
    expect(missing).toEqual([]);
  });
});
