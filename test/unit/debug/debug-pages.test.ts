import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fileRoutes } from '../../../src/debug/page-files.ts';
import { PageFixture, pageDirectory, worldOf } from '../../browser/support/page-fixture.ts';

let fixture: PageFixture;
beforeEach(async () => {
  const world = worldOf([], new Map([['foo', 'foo']]));
  fixture = await PageFixture.start(world, {
    queue: () => ({ waiting: 2, inFlight: 3 }),
    circuits: () => {
      throw new Error('not there yet');
    },
  });
});
afterEach(async () => {
  await fixture.stop();
});

async function ask(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await fetch(`${fixture.url}${path}`);
  return { status: answer.status, body: await answer.json() };
}

const manyOf = (many: number): Promise<unknown> =>
  Promise.all(Array.from({ length: many }, (_, at) => fixture.issue('foo', `a${at}`, 'foo')));

describe('the feed of decisions', () => {
  it('begins empty', async () => {
    const body = { newest: 0, skipped: 0, decisions: [] };

    expect(await ask('debug/decisions')).toMatchObject({ status: 200, body });
  });

  it('goes on where the last answer ended', async () => {
    await manyOf(3);

    expect((await ask('debug/decisions?after=2')).body).toMatchObject({
      ...{ newest: 3, skipped: 0 },
      decisions: [{ sequence: 3 }],
    });
  });

  it('has the newest five hundred, and says how many it skips', async () => {
    await manyOf(600);
    const { body } = await ask('debug/decisions?after=10');
    const { skipped, decisions } = body as { skipped: number; decisions: readonly unknown[] };

    expect([skipped, decisions.length]).toEqual([90, 500]);
  });

  it('begins anew for who comes with a number of an earlier process', async () => {
    await manyOf(1);

    expect((await ask('debug/decisions?after=99')).body).toMatchObject({
      decisions: [{ sequence: 1 }],
    });
  });

  it.each(['after=-1', 'after=x', 'before=1'])('does not understand %s', async (query) => {
    expect((await ask(`debug/decisions?${query}`)).status).toBe(400);
  });
});

describe('the identities of a namespace', () => {
  it('are the latest two hundred, with the number of all', async () => {
    await manyOf(250);
    const { body } = await ask('debug/identities?namespace=foo');
    const { found, identities } = body as { found: number; identities: readonly unknown[] };

    expect([found, identities.length]).toEqual([250, 200]);
    expect(identities[0]).toMatchObject({ serviceAccount: 'a249', now: { kind: 'refused' } });
  });

  it('are found by a part of their name', async () => {
    await manyOf(30);

    expect((await ask('debug/identities?search=foo/a29')).body).toMatchObject({ found: 1 });
  });
});

describe('the health of the process', () => {
  it('has no figure for a part that cannot tell', async () => {
    const { body } = await ask('debug/health');

    expect(body).toMatchObject({ load: { waiting: 2, inFlight: 3 }, version: 'test' });
    expect(body).not.toHaveProperty('circuits');
  });
});

describe('the files of the page', () => {
  it('are less than 30 KB on their way', async () => {
    const files = await readdir(pageDirectory);
    const bytes = await Promise.all(
      files.map(async (name) => gzipSync(await readFile(join(pageDirectory, name))).length),
    );

    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(30_000);
  });

  it('load nothing from elsewhere and make no markup of texts', async () => {
    for (const name of await readdir(pageDirectory)) {
      const text = await readFile(join(pageDirectory, name), 'utf8');
      expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(
        /https?:|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|style="| on[a-z]+="/,
      );
    }
  });

  it('are served with their kinds', async () => {
    const answer = await fetch(fixture.url);

    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await answer.text()).toContain('<title>istio-ra</title>');
  });

  it('must be there', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'istio-ra-page-'));
    await writeFile(join(directory, 'page.js'), '');

    await expect(fileRoutes(directory)).rejects.toThrow('has no index.html');
    await rm(directory, { recursive: true });
    await expect(stat(directory)).rejects.toThrow('ENOENT');
  });
});
