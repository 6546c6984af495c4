// The lock of an image's Debian packages: what was asked for, and the version and hash of each package that
// follows from it.
import { readFile, writeFile } from 'node:fs/promises';

export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

export interface PackageRequest {
  /** Codename of the Debian release, such as bookworm. */
  readonly release: string;
  /** Names of packages. */
  readonly packages: readonly string[];
  /** Whether the packages that those depend on are in the lock too. */
  readonly dependencies: boolean;
}

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** Of the .deb file, hexadecimal. */
  readonly sha256: string;
}

export interface DebianLock {
  readonly request: PackageRequest;
  readonly locked: Readonly<Record<Architecture, readonly LockedPackage[]>>;
}

/** Throws for a file that is missing or is no such lock, and says where. */
export async function readDebianLock(file: string): Promise<DebianLock> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`cannot read the lock of Debian packages ${file}`, { cause: error });
  });
  return parseDebianLock(text, file);
}

export function parseDebianLock(text: string, file: string): DebianLock {
  const fail = (what: string): never => {
    throw new Error(`${file}: ${what}; write it anew with node scripts/image/lock.ts --lock`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not JSON`, { cause: error });
  }
  if (!isRecord(value)) return fail('a lock is an object');
  const { release, packages, dependencies, locked } = value;
  if (typeof release !== 'string') return fail('release is the codename of a Debian release');
  if (!isNames(packages)) return fail('packages is a list of names of Debian packages');
  if (typeof dependencies !== 'boolean') return fail('dependencies is true or false');
  if (!isRecord(locked)) return fail('locked has a list of packages for each architecture');
  const of = (architecture: Architecture): readonly LockedPackage[] => {
    const list = locked[architecture];
    return isLocked(list) ? list : fail(`locked.${architecture} lists name, version and sha256`);
  };
  const request = { release, packages, dependencies };
  return { request, locked: { amd64: of('amd64'), arm64: of('arm64') } };
}

export async function writeDebianLock(file: string, lock: DebianLock): Promise<void> {
  const { request, locked } = lock;
  await writeFile(file, `${JSON.stringify({ ...request, locked }, undefined, 2)}\n`);
}

const packageName = /^[a-z0-9][a-z0-9+.-]+$/;

/** Whether a text may be a package's name, which apt would not take for an option or for a pattern. */
export function isPackageName(text: unknown): text is string {
  return typeof text === 'string' && packageName.test(text);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isPackageName);
}

function isLocked(value: unknown): value is readonly LockedPackage[] {
  return Array.isArray(value) && value.length > 0 && value.every(isLockedPackage);
}

function isLockedPackage(value: unknown): value is LockedPackage {
  if (!isRecord(value) || !isPackageName(value['name'])) return false;
  const { version, sha256 } = value;
  return (
    typeof version === 'string' &&
    /^[0-9][\w.+:~-]*$/.test(version) &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
