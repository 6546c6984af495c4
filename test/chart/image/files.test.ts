import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { architectures, readDebianLock } from '../../../scripts/image/debian-lock.ts';
import type { Architecture } from '../../../scripts/image/debian-lock.ts';
import { mustRun } from '../../e2e/stack/run-command.ts';
import { lockFile } from '../support/built-image.ts';
import { readElf, type Elf } from '../support/elf.ts';
import {
  archiveOf,
  filesOf,
  listFiles,
  savedManifest,
  type FileOfImage,
} from '../support/unpacked-image.ts';

const machines = { amd64: 62, arm64: 183 } as const;
const isLibrary = (path: string): boolean => /\.so(\.|$)/.test(path);

describe.each(architectures)('the files of the image for %s', (architecture) => {
  let files: readonly FileOfImage[];
  let plain: readonly FileOfImage[];
  beforeAll(() => {
    files = listFiles(architecture);
    plain = files.filter(({ stats }) => stats.isFile());
  });
  const pathsWhere = (holds: (file: FileOfImage) => boolean): readonly string[] =>
    files
      .filter(holds)
      .map(({ path }) => path)
      .sort();

  it('are ours, Node and a base', () => {
    expect(readdirSync(join(filesOf(architecture), 'app')).sort()).toEqual([
      ...['LICENSE', 'dist', 'page', 'proto'],
    ]);
    expect(readdirSync(join(filesOf(architecture), 'nodejs')).sort()).toEqual(['LICENSE', 'bin']);
    expect(readdirSync(filesOf(architecture)).sort()).toEqual(
      [
        ...['app', 'bin', 'dev', 'etc', 'home', 'lib', 'nodejs', 'proc', 'root', 'run', 'sbin'],
        ...['sys', 'tmp', 'usr', 'var', ...(architecture === 'amd64' ? ['lib64'] : [])],
      ].sort(),
    );
  });

  it('have no program but Node and istio-ra: no shell, no package manager, no npm', () => {
    const mayRun = plain.filter(
      ({ path, stats }) => (stats.mode & 0o111) !== 0 && !isLibrary(path),
    );
    expect(mayRun.map(({ path }) => path).sort()).toEqual([
      ...['/app/dist/istio-ra.js', '/nodejs/bin/node', '/usr/local/bin/istio-ra'],
    ]);
    const folders = ['/usr/bin', '/usr/sbin', '/usr/local/bin'];
    expect(pathsWhere(({ path }) => folders.includes(posix.dirname(path)))).toEqual([
      '/usr/local/bin/istio-ra',
    ]);
  });

  it('have no test, no TypeScript, no source map and no installed package of npm', () => {
    const unwanted = /\.test\.|\.ts$|\.map$|\/test\/|\/node_modules\//;
    expect(pathsWhere(({ path }) => unwanted.test(path))).toEqual([]);
  });

  it('have no manual and no translation, but each copyright', async () => {
    const { locked } = await readDebianLock(lockFile);
    const below = (folder: string): readonly string[] =>
      pathsWhere(({ path }) => path.startsWith(`${folder}/`));
    expect([...below('/usr/share/man'), ...below('/usr/share/locale')]).toEqual([]);
    const copyrights = locked[architecture].map(({ name }) =>
      readFileSync(join(filesOf(architecture), 'usr/share/doc', name, 'copyright'), 'utf8'),
    );
    expect(copyrights.filter((text) => text.length < 100)).toEqual([]);
  });

  it('lend nobody the rights of another user', () => {
    expect(pathsWhere(({ stats }) => (stats.mode & 0o6000) !== 0)).toEqual([]);
  });

  it('can be written to by others in shared folders alone, which are sticky', () => {
    const open = files.filter(({ stats }) => !stats.isSymbolicLink() && (stats.mode & 0o002) !== 0);
    expect(open.map(({ path, stats }) => `${path} ${(stats.mode & 0o7777).toString(8)}`)).toEqual(
      expect.arrayContaining(['/tmp 1777']),
    );
    expect(open.filter(({ stats }) => (stats.mode & 0o1000) === 0)).toEqual([]);
    expect(open.filter(({ stats }) => !stats.isDirectory())).toEqual([]);
  });

  it('are root’s, but for the home of their user', async () => {
    const owned = await Promise.all(
      savedManifest(architecture).Layers.map((layer) => ownersIn(architecture, layer)),
    );
    const others = owned.flat().filter(({ owner }) => owner !== '0/0');
    expect(others).toEqual([{ path: 'home/nonroot/', owner: '65532/65532' }]);
    expect(owned.flat().length).toBeGreaterThan(files.length - 1);
  });

  it('have no link that leads nowhere', () => {
    const known = new Set(files.map(({ path }) => path));
    const links = files.filter(({ stats }) => stats.isSymbolicLink());
    const targets = links.map(({ path, unpacked }) =>
      resolved(posix.resolve(posix.dirname(path), readlinkSync(unpacked))),
    );
    expect(targets.length).toBeGreaterThan(5);
    expect(targets.filter((target) => !known.has(target))).toEqual([]);
  });

  it('tell scanners which packages are in them', async () => {
    const { locked } = await readDebianLock(lockFile);
    const folder = join(filesOf(architecture), 'var/lib/dpkg/status.d');
    const found = readdirSync(folder).flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      // Whether it is the version of the lock is for CI to relax; the hash has decided before.
      const version = /^Version: \d/m.test(text);
      return version ? [/^Package: (.*)$/m.exec(text)?.[1]] : [];
    });
    expect(found.sort()).toEqual(locked[architecture].map(({ name }) => name).sort());
    expect(readFileSync(join(filesOf(architecture), 'usr/lib/os-release'), 'utf8')).toContain(
      'VERSION_ID="12"',
    );
  });

  it('are of this architecture throughout, with each library that they need', () => {
    const elves = plain.flatMap(({ path, unpacked }) => {
      const elf = readElf(readFileSync(unpacked));
      return elf ? [{ path, elf }] : [];
    });
    expect(elves.map(({ path }) => path)).toContain('/nodejs/bin/node');
    expect(new Set(elves.map(({ elf }) => elf.machine))).toEqual(new Set([machines[architecture]]));
    const names = new Set(
      pathsWhere(({ path }) => path.startsWith('/usr/lib/')).map((path) => basename(path)),
    );
    expect(needsOf(elves).length).toBeGreaterThan(5);
    expect(needsOf(elves).filter((name) => !names.has(name))).toEqual([]);
    const loader = elves.find(({ path }) => path === '/nodejs/bin/node')?.elf.interpreter;
    expect(pathsWhere(({ path }) => path === resolved(loader ?? ''))).toHaveLength(1);
  });
});

/** Path and owner of each entry of a layer, which only root could unpack as they are. */
async function ownersIn(
  architecture: Architecture,
  layer: string,
): Promise<readonly { path: string; owner: string }[]> {
  const words = ['--list', '--verbose', '--numeric-owner', '--file'];
  const listing = await mustRun('tar', [...words, join(archiveOf(architecture), layer)]);
  return [...listing.matchAll(/^\S+ +(\d+\/\d+) +\d+ \S+ \S+ (.+)$/gm)].map(
    ([, owner = '', path = '']) => ({ path, owner }),
  );
}

/** A path with the links of a merged /usr followed, as all of them lead there. */
function resolved(path: string): string {
  return path.replace(/^\/(bin|sbin|lib|lib64)(?=\/)/, '/usr/$1');
}

function needsOf(elves: readonly { readonly elf: Elf }[]): readonly string[] {
  return [...new Set(elves.flatMap(({ elf }) => elf.needed))];
}
