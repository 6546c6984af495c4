import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { findMemoryGroups } from '../../src/base/control-group.ts';
import type { MemoryGroup } from '../../src/base/control-group.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, '../../src/main.ts');
const limit = 512 * 1024 * 1024;
const limitFiles = { 1: 'memory.limit_in_bytes', 2: 'memory.max' } as const;

/** Where groups of ours can be made: below the topmost one that is seen. */
interface Place {
  readonly version: MemoryGroup['version'];
  readonly folder: string;
  readonly limitFile: string;
}

/** Makes a group for as long as `use` takes. Rejects where the kernel does not let us. */
async function withGroup<T>(folder: string, use: () => Promise<T> | T): Promise<T> {
  mkdirSync(folder);
  try {
    return await use();
  } finally {
    // Its files are the kernel's: the folder goes as it is.
    rmdirSync(folder);
  }
}

/** The hierarchy in which groups with a limit can be made; undefined where we may not, or there is none. */
async function findPlace(): Promise<Place | undefined> {
  for (const { version, folders } of findMemoryGroups((path) => readFileSync(path, 'utf8'))) {
    const limitFile = limitFiles[version];
    const folder = join(folders.at(-1) ?? '', `istio-ra-test-${process.pid}`);
    const hasLimits = await withGroup(folder, () => existsSync(join(folder, limitFile))).catch(
      () => false,
    );
    if (hasLimits) return { version, folder, limitFile };
  }
  return undefined;
}

/** The line with which `serve` begins in that group; its settings then keep it from starting. */
async function firstLineIn(group: string): Promise<Record<string, unknown>> {
  const move = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
  const serve = [process.execPath, program, 'serve', '--kubeconfig=/nowhere'];
  const env = { ...process.env, CERT_SIGNER_DOMAIN: 'a.example' };
  const { stderr } = await run('sh', ['-c', move, group, ...serve], { env }).catch(
    (error: unknown) => error as { readonly stderr: string },
  );
  const [line = ''] = stderr.split('\n');
  return JSON.parse(line) as Record<string, unknown>;
}

const place = await findPlace().catch(() => undefined);
const whereGroupsCanBeMade = place === undefined ? describe.skip : describe;

whereGroupsCanBeMade('in a control group that root has made, serve begins with', () => {
  const { version, folder, limitFile } = place ?? { version: 1, folder: '', limitFile: '' };

  it('the limit of its own group', async () => {
    await withGroup(folder, async () => {
      writeFileSync(join(folder, limitFile), String(limit));
      await expect(firstLineIn(folder)).resolves.toMatchObject({
        message: 'starting',
        memoryLimitBytes: limit,
        memoryLimitSource: `cgroup v${version}`,
      });
    });
  }, 60_000);

  it('the limit of the group above it', async () => {
    const inner = join(folder, 'inner');
    await withGroup(folder, async () => {
      writeFileSync(join(folder, limitFile), String(limit));
      await withGroup(inner, async () => {
        await expect(firstLineIn(inner)).resolves.toMatchObject({
          memoryLimitBytes: limit,
          memoryLimitSource: `cgroup v${version}`,
        });
      });
    });
  }, 60_000);

  it('no limit where there is none', async () => {
    await withGroup(folder, async () => {
      const line = await firstLineIn(folder);
      expect(line).toMatchObject({ memoryLimitSource: `cgroup v${version}` });
      expect(line).not.toHaveProperty('memoryLimitBytes');
    });
  }, 60_000);
});
