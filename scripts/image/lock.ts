// Locks Debian packages for images: node scripts/image/lock.ts --lock <file> [<package>…]
// Without packages it renews the lock for what it was asked for before.
import { parseArgs } from 'node:util';
import { isPackageName, readDebianLock, writeDebianLock } from './debian-lock.ts';
import type { DebianLock, PackageRequest } from './debian-lock.ts';
import { renewLock } from './debian-packages.ts';

const usage = `Usage: node scripts/image/lock.ts --lock <file> [<package>...]
  --lock <file>              where name, version and SHA-256 of each package go
  --release <codename>       the Debian release, bookworm where it is not said
  --without-dependencies     lock the named packages alone
Without packages, the lock is renewed for the request that is in it.`;

async function main(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      lock: { type: 'string' },
      release: { type: 'string', default: 'bookworm' },
      'without-dependencies': { type: 'boolean', default: false },
    },
  });
  if (values.lock === undefined) throw new Error(`--lock is missing\n${usage}`);
  const wrong = positionals.find((word): word is string => !isPackageName(word));
  if (wrong !== undefined)
    throw new Error(`${wrong} is not the name of a Debian package\n${usage}`);
  const before = await lockBefore(values.lock, positionals.length > 0);
  const request: PackageRequest =
    before && positionals.length === 0
      ? before.request
      : {
          release: values.release,
          packages: [...new Set(positionals)].sort(),
          dependencies: !values['without-dependencies'],
        };
  const lock = await renewLock(request);
  await writeDebianLock(values.lock, lock);
  for (const line of differences(before, lock)) console.log(line);
}

/** The lock as it is, or undefined where a new request may begin one. */
async function lockBefore(file: string, mayBegin: boolean): Promise<DebianLock | undefined> {
  try {
    return await readDebianLock(file);
  } catch (error) {
    if (mayBegin) return undefined;
    throw error;
  }
}

/** One line for each package that is new, gone or of another version. */
function differences(before: DebianLock | undefined, after: DebianLock): readonly string[] {
  const lines = (['amd64', 'arm64'] as const).flatMap((architecture) => {
    const versions = (lock: DebianLock | undefined): Map<string, string> =>
      new Map(lock?.locked[architecture].map(({ name, version }) => [name, version]));
    const [old, now] = [versions(before), versions(after)];
    return [...new Set([...old.keys(), ...now.keys()])]
      .filter((name) => old.get(name) !== now.get(name))
      .map((name) => {
        const [from, to] = [old.get(name) ?? 'absent', now.get(name) ?? 'absent'];
        return `${architecture} ${name}: ${from} -> ${to}`;
      });
  });
  return lines.length > 0 ? lines : ['nothing has changed'];
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
