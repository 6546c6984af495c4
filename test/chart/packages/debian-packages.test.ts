import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { debianLayer } from '../../../scripts/image/debian-base.ts';
import { readDebianLock, writeDebianLock } from '../../../scripts/image/debian-lock.ts';
import type { DebianLock, LockedPackage } from '../../../scripts/image/debian-lock.ts';
import { renewalOf } from '../../../scripts/image/debian-packages.ts';
import { mustRun, runCommand } from '../../e2e/stack/run-command.ts';
import { lockFile, repository } from '../support/built-image.ts';

const script = (name: string): string => join(repository, 'scripts/image', name);
// apt reads the lists of a whole release, for each architecture.
const time = 300_000;

let folder: string;
let lock: string;
let cache: string | undefined;

/** Nothing that was downloaded before may help, or a mirror would not be asked. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'istio-ra-packages-'));
  lock = join(folder, 'some.lock.json');
  cache = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = folder;
});

afterEach(async () => {
  if (cache === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = cache;
  await rm(folder, { recursive: true, force: true });
});

/** A lock of netbase, which is small, as ours pins it, with a change. */
async function writeLock(change: Partial<LockedPackage>): Promise<void> {
  const { request, locked } = await readDebianLock(lockFile);
  const pins = (list: readonly LockedPackage[]): readonly LockedPackage[] =>
    list.filter(({ name }) => name === 'netbase').map((pin) => ({ ...pin, ...change }));
  await writeDebianLock(lock, {
    request: { ...request, packages: ['netbase'] },
    locked: { amd64: pins(locked.amd64), arm64: pins(locked.arm64) },
  });
}

function layer(renew: boolean, lines: string[] = []): ReturnType<typeof debianLayer> {
  const log = (line: string): void => void lines.push(line);
  return debianLayer({ lock, architecture: 'arm64', log, renew });
}

describe('a pin that mirrors have dropped', () => {
  beforeEach(() => writeLock({ version: '1.0-1' }));

  it(
    'ends "make image" with one line, which names the way out',
    async () => {
      const dist = join(folder, 'dist');
      await mustRun(process.execPath, [join(repository, 'scripts/build.js'), '--outdir', dist]);
      const words = [script('build.ts'), '--lock', lock, '--dist', dist, '--out', folder];
      const env = { ...process.env, CI: '' };
      const { code, stderr } = await runCommand(process.execPath, words, { env });
      expect(stderr).toBe(
        `netbase 1.0-1 (amd64) is no longer served by the apt sources of this machine: run "node scripts/image/lock.ts --lock ${lock}"\n`,
      );
      expect(code).toBe(1);
    },
    time,
  );

  it(
    'is renewed for one build where that is allowed, as on CI, and one line says so',
    async () => {
      const before = await readFile(lock, 'utf8');
      const lines: string[] = [];
      const files = await layer(true, lines);
      expect(files.map(({ path }) => path)).toContain('/etc/services');
      expect(lines.filter((line) => line.includes('temporary lock'))).toEqual([
        `netbase 1.0-1 (arm64) is no longer served by the apt sources of this machine: going on with a temporary lock of what they have now; "node scripts/image/lock.ts --lock ${lock}" keeps one`,
      ]);
      await expect(readFile(lock, 'utf8')).resolves.toBe(before);
    },
    time,
  );

  it(
    'is renewed by lock.ts, which says what has changed',
    async () => {
      const out = await mustRun(process.execPath, [script('lock.ts'), '--lock', lock]);
      const [now] = (await readDebianLock(lock)).locked.arm64;
      expect(out).toContain(`arm64 netbase: 1.0-1 -> ${now?.version ?? ''}\n`);
      await expect(layer(false)).resolves.not.toHaveLength(0);
    },
    time,
  );
});

describe('the command that renews a lock', () => {
  it('is that of make for the image of istio-ra', () => {
    expect(renewalOf(lockFile)).toBe('"make image-lock"');
    const makefile = readFileSync(join(repository, 'Makefile'), 'utf8');
    expect(makefile).toContain(`lock.ts --lock ${relative(repository, lockFile)}\n`);
  });
});

describe('a pin with another hash', () => {
  it(
    'ends the build also where pins may be renewed',
    async () => {
      // The version must be one that is served, whatever our own lock says.
      await mustRun(process.execPath, [script('lock.ts'), '--lock', lock, 'netbase']);
      const { request, locked } = await readDebianLock(lock);
      const arm64 = locked.arm64.map((pin) => ({ ...pin, sha256: '0'.repeat(64) }));
      await writeDebianLock(lock, { request, locked: { ...locked, arm64 } });
      await expect(layer(true)).rejects.toThrow(
        /^netbase \S+ \(arm64\) has the SHA-256 [0-9a-f]{64} in the apt sources of this machine, and 0{64} in the lock$/,
      );
    },
    time,
  );
});

describe('a pin with the hash of another version', () => {
  it(
    'ends the build, though a file with that hash was downloaded before',
    async () => {
      await mustRun(process.execPath, [script('lock.ts'), '--lock', lock, 'netbase']);
      await layer(false);
      const { request, locked } = await readDebianLock(lock);
      const arm64 = locked.arm64.map((pin) => ({ ...pin, version: '1.0-1' }));
      await writeDebianLock(lock, { request, locked: { ...locked, arm64 } });
      await expect(layer(true)).rejects.toThrow(
        /^the lock has the hash of netbase \S+ beside netbase 1\.0-1$/,
      );
    },
    time,
  );
});

describe('a lock with dependencies', () => {
  it(
    'has what its packages need, for both architectures',
    async () => {
      await mustRun(process.execPath, [script('lock.ts'), '--lock', lock, 'dash']);
      const { request, locked }: DebianLock = await readDebianLock(lock);
      expect(request).toEqual({ release: 'bookworm', packages: ['dash'], dependencies: true });
      for (const pins of [locked.amd64, locked.arm64]) {
        expect(pins.map(({ name }) => name)).toEqual(
          expect.arrayContaining(['dash', 'libc6', 'libgcc-s1', 'gcc-12-base']),
        );
      }
      const files = await layer(false);
      expect(files.find(({ path }) => path === '/usr/bin/sh')?.content).toEqual({ link: 'dash' });
      expect(files.find(({ path }) => path === '/bin')?.content).toEqual({ link: 'usr/bin' });
    },
    time,
  );
});

describe('lock.ts', () => {
  it.each([
    ['no file', [], '--lock is missing'],
    [
      'a name that is no package’s',
      ['--lock', 'x', 'Bash;'],
      'Bash; is not the name of a Debian package',
    ],
    [
      'a file that is not there',
      ['--lock', '/nowhere/x.json'],
      'cannot read the lock of Debian packages /nowhere/x.json',
    ],
  ])('refuses %s', async (_, words, reason) => {
    const { code, stderr } = await runCommand(process.execPath, [script('lock.ts'), ...words]);
    expect(stderr).toContain(reason);
    expect(code).toBe(1);
  });

  it(
    'refuses a package that nobody has',
    async () => {
      const words = [script('lock.ts'), '--lock', lock, 'no-such-package-of-debian'];
      const { code, stderr } = await runCommand(process.execPath, words);
      expect(stderr).toContain('Unable to locate package no-such-package-of-debian');
      expect(code).toBe(1);
    },
    time,
  );

  it(
    'refuses a release that the machine’s sources do not have',
    async () => {
      const words = [script('lock.ts'), '--lock', lock, '--release', 'sid', 'netbase'];
      const { code, stderr } = await runCommand(process.execPath, words);
      expect(stderr).toContain(
        "the image's packages are of Debian sid, and the apt sources of this machine have",
      );
      expect(code).toBe(1);
    },
    time,
  );

  it(
    'leaves the lock as it is where it fails',
    async () => {
      await writeLock({});
      await writeFile(lock, (await readFile(lock, 'utf8')).replace('bookworm', 'sid'));
      const before = await readFile(lock, 'utf8');
      const { code } = await runCommand(process.execPath, [script('lock.ts'), '--lock', lock]);
      expect(code).toBe(1);
      await expect(readFile(lock, 'utf8')).resolves.toBe(before);
    },
    time,
  );
});
