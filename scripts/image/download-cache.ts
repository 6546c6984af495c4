// What was downloaded once, by the hash that its lock states: a second build needs no network.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Hash {
  readonly algorithm: 'sha256' | 'sha512';
  /** Hexadecimal. */
  readonly digits: string;
}

/** `$XDG_CACHE_HOME/istio-ra/downloads`, usually below ~/.cache. */
function folder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'istio-ra', 'downloads');
}

/** The bytes with a hash, or undefined where they are not in the cache or have been changed there. */
export async function readCached(hash: Hash): Promise<Buffer | undefined> {
  const bytes = await readFile(pathOf(hash)).catch(() => undefined);
  return bytes !== undefined && hasHash(bytes, hash) ? bytes : undefined;
}

/** Keeps bytes that have the hash. */
export async function keepCached(hash: Hash, bytes: Buffer): Promise<void> {
  await mkdir(folder(), { recursive: true });
  const unfinished = join(folder(), `${randomUUID()}.part`);
  await writeFile(unfinished, bytes);
  await rename(unfinished, pathOf(hash));
}

export function hasHash(bytes: Buffer, { algorithm, digits }: Hash): boolean {
  return createHash(algorithm).update(bytes).digest('hex') === digits;
}

function pathOf({ algorithm, digits }: Hash): string {
  return join(folder(), `${algorithm}-${digits}`);
}
