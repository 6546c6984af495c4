import { chmod, mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDebianLock, type Architecture } from '../../../scripts/image/debian-lock.ts';
import { readCached } from '../../../scripts/image/download-cache.ts';
import { parseNodePin } from '../../../scripts/image/node-package.ts';
import { mustRun } from '../../e2e/stack/run-command.ts';

export const repository = join(import.meta.dirname, '../../..');
export const lockFile = join(repository, 'scripts/image/debian.lock.json');

export interface Reason {
  readonly reason: string;
}

/** Why the packages of a Debian cannot be asked for here, if so. */
export async function aptOrReason(): Promise<Reason | undefined> {
  if (process.env['CHART_TESTS'] === 'if-built') {
    return { reason: '"make chart-test" does it, which needs a network' };
  }
  try {
    for (const program of ['apt-get', 'dpkg-deb']) await mustRun(program, ['--version']);
    return undefined;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return { reason: 'it is made of Debian packages, which needs apt-get and dpkg-deb' };
  }
}

/**
 * Builds the image into a folder and unpacks it there. With CHART_TESTS=if-built that is done only where it
 * needs no network.
 */
export async function builtImageOrReason(
  log: (line: string) => void,
): Promise<{ readonly folder: string } | Reason> {
  if (process.env['CHART_TESTS'] === 'if-built') {
    if (!(await isDownloaded('amd64')) || !(await isDownloaded('arm64'))) {
      return { reason: 'its parts are not downloaded yet; "make chart-test" does it, once' };
    }
  } else {
    const reason = await aptOrReason();
    if (reason) return reason;
  }
  log('building the image');
  const folder = await mkdtemp(join(tmpdir(), 'istio-ra-image-'));
  // The image's own user reads what is below.
  await chmod(folder, 0o755);
  await buildImage(folder, log);
  for (const architecture of ['amd64', 'arm64'] as const) await unpack(folder, architecture);
  return { folder };
}

/** Bundle and image of this repository, in `dist` and `image` of a folder. What the build says is logged. */
export async function buildImage(folder: string, log: (line: string) => void): Promise<void> {
  const [dist, out] = [join(folder, 'dist'), join(folder, 'image')];
  await mustRun(process.execPath, [join(repository, 'scripts/build.js'), '--outdir', dist]);
  const build = [join(repository, 'scripts/image/build.ts'), '--dist', dist, '--out', out];
  const said = await mustRun(process.execPath, [...build, '--reference', 'istio-ra:test']);
  said.trim().split('\n').forEach(log);
}

/** Unpacks by GNU tar, which owes nothing to the code that wrote the archive. */
async function unpack(folder: string, architecture: Architecture): Promise<void> {
  const archive = join(folder, 'archive', architecture);
  const files = join(folder, 'files', architecture);
  await mkdir(archive, { recursive: true });
  await mkdir(files, { recursive: true });
  const packed = join(folder, `image/istio-ra-test-${architecture}.tar`);
  await mustRun('tar', ['--extract', '--file', packed, '--directory', archive]);
  const [saved] = JSON.parse(await readFile(join(archive, 'manifest.json'), 'utf8')) as [
    { Layers: string[] },
  ];
  const options = ['--extract', '--same-permissions', '--numeric-owner', '--directory', files];
  for (const layer of saved.Layers) {
    await mustRun('tar', [...options, '--file', join(archive, layer)]);
  }
}

async function isDownloaded(architecture: Architecture): Promise<boolean> {
  const { locked } = await readDebianLock(lockFile);
  const node = parseNodePin(
    await readFile(join(repository, 'package-lock.json'), 'utf8'),
    architecture,
  );
  const hashes = [
    node.hash,
    ...locked[architecture].map(({ sha256 }) => ({ algorithm: 'sha256', digits: sha256 }) as const),
  ];
  const found = await Promise.all(hashes.map(readCached));
  return found.every((bytes) => bytes !== undefined);
}
