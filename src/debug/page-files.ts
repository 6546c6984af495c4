import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { PageRoute } from '../server/page-server.ts';

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * A route for each file of the directory whose kind is known, read once; index.html is `/`. Throws
 * when the directory or the page is not there.
 */
export async function fileRoutes(directory: string): Promise<ReadonlyMap<string, PageRoute>> {
  const names = await readdir(directory);
  if (!names.includes('index.html')) throw new Error(`${directory} has no index.html`);
  const routes = names.map(async (name) => {
    const contentType = contentTypes[extname(name)];
    if (contentType === undefined) return [];
    const body = await readFile(join(directory, name));
    const path = name === 'index.html' ? '/' : `/${name}`;
    const answer = { status: 200, contentType, body, gzipped: gzipSync(body) };
    return [[path, () => answer]] as const;
  });
  return new Map((await Promise.all(routes)).flat());
}
