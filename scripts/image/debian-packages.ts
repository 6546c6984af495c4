// The .deb files of a lock, each with the hash that the lock states.
import { join, resolve } from 'node:path';
import { architectures, readDebianLock } from './debian-lock.ts';
import type { Architecture, DebianLock, LockedPackage, PackageRequest } from './debian-lock.ts';
import { hasHash, keepCached, readCached, type Hash } from './download-cache.ts';
import { PrivateApt } from './private-apt.ts';

/** Thrown where a mirror has dropped the version that a lock states. */
export class PinNotServed extends Error {
  override readonly name = 'PinNotServed';
}

export interface PackagesOptions {
  /** Path of the lock. */
  readonly lock: string;
  readonly architecture: Architecture;
  /** Whether to go on with what the mirror has now, as CI does. */
  readonly renew: boolean;
  readonly log: (line: string) => void;
}

/** A .deb file and the pin that it fulfils. */
export interface FetchedPackage {
  readonly locked: LockedPackage;
  readonly bytes: Buffer;
}

/** The files in the order of the lock. Throws `PinNotServed` in one line where `renew` is off. */
export async function debianPackages(options: PackagesOptions): Promise<readonly FetchedPackage[]> {
  const { architecture, log } = options;
  const renewal = renewalOf(options.lock);
  const { request, locked } = await readDebianLock(options.lock);
  try {
    return await fetchAll(locked[architecture], architecture, request.release, log);
  } catch (error) {
    if (!(error instanceof PinNotServed)) throw error;
    const found = `${error.message} by the apt sources of this machine`;
    if (!options.renew) throw new PinNotServed(`${found}: run ${renewal}`, { cause: error });
    log(`${found}: going on with a temporary lock of what they have now; ${renewal} keeps one`);
    const renewed = await resolvePackages(request, architecture);
    return fetchAll(renewed, architecture, request.release, log);
  }
}

/** The command that renews a lock. */
export function renewalOf(lock: string): string {
  const isOurs = resolve(lock) === join(import.meta.dirname, 'debian.lock.json');
  return isOurs ? '"make image-lock"' : `"node scripts/image/lock.ts --lock ${lock}"`;
}

/** The lock that follows from a request and from what the sources have now. */
export async function renewLock(request: PackageRequest): Promise<DebianLock> {
  const [amd64, arm64] = await Promise.all(
    architectures.map((architecture) => resolvePackages(request, architecture)),
  );
  return { request, locked: { amd64: amd64 ?? [], arm64: arm64 ?? [] } };
}

async function resolvePackages(
  { release, packages, dependencies }: PackageRequest,
  architecture: Architecture,
): Promise<readonly LockedPackage[]> {
  await using apt = await PrivateApt.open(architecture, release);
  return dependencies ? await apt.withDependencies(packages) : await apt.alone(packages);
}

async function fetchAll(
  packages: readonly LockedPackage[],
  architecture: Architecture,
  release: string,
  log: (line: string) => void,
): Promise<readonly FetchedPackage[]> {
  const cached = await Promise.all(packages.map((locked) => readCached(hashOf(locked))));
  const missing = packages.filter((_, index) => cached[index] === undefined);
  if (missing.length > 0) {
    log(`Debian packages to download for ${architecture}: ${missing.length}`);
    await download(missing, architecture, release);
  }
  return Promise.all(
    packages.map(async (locked, index) => {
      const bytes = cached[index] ?? (await readCached(hashOf(locked)));
      if (bytes === undefined) throw new Error(`${locked.name} vanished from the cache`);
      return { locked, bytes };
    }),
  );
}

async function download(
  packages: readonly LockedPackage[],
  architecture: Architecture,
  release: string,
): Promise<void> {
  await using apt = await PrivateApt.open(architecture, release);
  const found = await apt.find(packages);
  for (const locked of packages) {
    const served = found.get(locked.name);
    const what = `${locked.name} ${locked.version} (${architecture})`;
    if (served === undefined) throw new PinNotServed(`${what} is no longer served`);
    if (served.sha256 !== locked.sha256) {
      throw new Error(
        `${what} has the SHA-256 ${served.sha256} in the apt sources of this machine, and ${locked.sha256} in the lock`,
      );
    }
  }
  const files = await apt.download(packages);
  for (const locked of packages) {
    const bytes = files.find((file) => hasHash(file, hashOf(locked)));
    if (bytes === undefined) {
      throw new Error(`what was downloaded as ${locked.name} has not the SHA-256 of the lock`);
    }
    await keepCached(hashOf(locked), bytes);
  }
}

function hashOf({ sha256 }: LockedPackage): Hash {
  return { algorithm: 'sha256', digits: sha256 };
}
