// A layer of Debian's files without an installation: no script of a package runs.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture, LockedPackage } from './debian-lock.ts';
import { debianPackages, type FetchedPackage } from './debian-packages.ts';
import type { ImageFile, Layer } from './layer.ts';
import { isLeftOut } from './left-out.ts';
import { runProgram } from './run-program.ts';
import { readTar, type TarMember } from './tar-reader.ts';

export interface DebianLayerOptions {
  /** Path of a lock; `node scripts/image/lock.ts --lock <file> <package>…` writes one. */
  readonly lock: string;
  readonly architecture: Architecture;
  readonly log: (line: string) => void;
  /** Paths to leave out besides documentation, as in left-out.ts. */
  readonly leaveOut?: readonly string[];
  /** Whether to go on where a pin is no longer served, with what is; absent: on CI. */
  readonly renew?: boolean;
}

/**
 * The files of a lock's packages, with /usr merged as in Debian 12, with the CA certificates in one file and the
 * local time, as scripts of ca-certificates and tzdata would set them up, and with /var/lib/dpkg/status.d, by
 * which scanners know the packages. Alternatives and whatever else scripts would set up are missing.
 */
export async function debianLayer(options: DebianLayerOptions): Promise<Layer> {
  const { lock, architecture, log, leaveOut = [] } = options;
  const packages = await debianPackages({
    ...{ lock, architecture, log },
    renew: options.renew ?? process.env['CI'] === 'true',
  });
  const packed = new Map<string, ImageFile>();
  const statuses: ImageFile[] = [];
  for (const fetched of packages) statuses.push(await addPackage(packed, fetched));
  const made = [
    ...certificateBundle(packed),
    ...localTime(packed),
    ...mergedUsr(packed),
    ...standardFolders,
    ...statuses,
  ];
  const files = new Map<string, ImageFile>();
  for (const file of packed.values()) {
    if (!isLeftOut(file.path, leaveOut)) files.set(file.path, file);
  }
  for (const file of made) files.set(file.path, file);
  return [...files.values()];
}

/** What scripts of base-files and of the installer make, whether or not a package has it. */
const standardFolders: readonly ImageFile[] = [
  { path: '/tmp', mode: 0o1777, content: { folder: true } },
  { path: '/root', mode: 0o700, content: { folder: true } },
  ...['/dev', '/home', '/proc', '/run', '/sys', '/usr/bin', '/usr/lib', '/usr/sbin'].map(
    (path): ImageFile => ({ path, content: { folder: true } }),
  ),
  { path: '/run/lock', mode: 0o1777, content: { folder: true } },
  { path: '/var/run', content: { link: '/run' } },
  { path: '/var/lock', content: { link: '/run/lock' } },
];

/** Adds a package's files and returns its description, which is in /var/lib/dpkg/status.d. */
async function addPackage(
  files: Map<string, ImageFile>,
  { locked, bytes }: FetchedPackage,
): Promise<ImageFile> {
  const folder = await mkdtemp(join(tmpdir(), 'istio-ra-deb-'));
  try {
    const deb = join(folder, 'package.deb');
    await writeFile(deb, bytes);
    const control = (await runProgram('dpkg-deb', ['--field', deb])).toString();
    verifyIsPinned(control, locked);
    addMembers(files, readTar(await runProgram('dpkg-deb', ['--fsys-tarfile', deb])));
    return { path: `/var/lib/dpkg/status.d/${locked.name}`, content: { text: control } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A hash decides what is taken, so the name and the version beside it must not say something else. */
function verifyIsPinned(control: string, { name, version }: LockedPackage): void {
  const field = (key: string): string => new RegExp(`^${key}: (.*)$`, 'm').exec(control)?.[1] ?? '';
  const found = `${field('Package')} ${field('Version')}`;
  if (found === `${name} ${version}`) return;
  throw new Error(`the lock has the hash of ${found} beside ${name} ${version}`);
}

function addMembers(files: Map<string, ImageFile>, members: readonly TarMember[]): void {
  const contents = new Map<string, Buffer>();
  for (const { path, mode, uid, gid, what } of members) {
    if (path === '') continue;
    const target = merged(`/${path}`);
    // The first package's word on a folder's mode is as good as the next one's, and a link stays a link.
    if (what.kind === 'folder' && files.has(target)) continue;
    files.set(target, { path: target, mode, uid, gid, content: contentOf(what, path, contents) });
  }
}

function contentOf(
  what: TarMember['what'],
  path: string,
  contents: Map<string, Buffer>,
): ImageFile['content'] {
  switch (what.kind) {
    case 'file':
      contents.set(path, what.bytes);
      return { bytes: what.bytes };
    case 'hard-link': {
      const bytes = contents.get(what.target);
      if (!bytes)
        throw new Error(`${path} is a further name of ${what.target}, which is not there`);
      return { bytes };
    }
    case 'folder':
      return { folder: true };
    case 'link':
      return { link: what.target };
  }
}

const beforeTheMerge = /^\/(bin|sbin|lib|lib32|lib64|libx32)(?=\/|$)/;

function merged(path: string): string {
  return path.replace(beforeTheMerge, '/usr/$1');
}

/** /bin and its like as links to what is below /usr. */
function mergedUsr(files: ReadonlyMap<string, ImageFile>): readonly ImageFile[] {
  return ['bin', 'sbin', 'lib', 'lib64']
    .filter((name) => name !== 'lib64' || files.has('/usr/lib64'))
    .map((name) => ({ path: `/${name}`, content: { link: `usr/${name}` } }));
}

/** /etc/localtime, which tzdata's own /usr/share/zoneinfo/localtime leads to. */
function localTime(files: ReadonlyMap<string, ImageFile>): readonly ImageFile[] {
  const utc = '/usr/share/zoneinfo/Etc/UTC';
  return files.has(utc) ? [{ path: '/etc/localtime', content: { link: utc } }] : [];
}

/** /etc/ssl/certs/ca-certificates.crt, from the certificates of ca-certificates. */
function certificateBundle(files: ReadonlyMap<string, ImageFile>): readonly ImageFile[] {
  const certificates = [...files.values()]
    .filter(({ path }) => /^\/usr\/share\/ca-certificates\/.*\.crt$/.test(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ content }) => ('bytes' in content ? Buffer.from(content.bytes).toString() : ''));
  if (certificates.length === 0) return [];
  const text = certificates.map((certificate) => `${certificate.trimEnd()}\n`).join('');
  return [{ path: '/etc/ssl/certs/ca-certificates.crt', content: { text } }];
}
