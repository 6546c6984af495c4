import { access, open, readdir, rename } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** `audit.log.1` is the newest rotated file of `audit.log`. */
export function rotatedName(path: string, number: number): string {
  return `${path}.${number}`;
}

/**
 * Moves the file to `.1`, `.1` to `.2` and so on; the oldest beyond `keep` is replaced. After a failure
 * it can be called again: a file moves only when the name after it is free.
 */
export async function rotate(path: string, keep: number): Promise<void> {
  if (!(await exists(path))) return;
  let free = 1;
  while (free < keep && (await exists(rotatedName(path, free)))) free += 1;
  for (let number = free; number > 1; number -= 1) {
    await rename(rotatedName(path, number - 1), rotatedName(path, number));
  }
  await rename(path, rotatedName(path, 1));
}

/** The trail of `path` in the order in which it was written: rotated files first. */
export async function filesOfTrail(path: string): Promise<readonly string[]> {
  const prefix = `${basename(path)}.`;
  const rotated = (await readdir(dirname(path)))
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d{0,5}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((left, right) => right - left)
    .map((number) => rotatedName(path, number));
  return (await exists(path)) ? [...rotated, path] : rotated;
}

/** Makes renames and new files in the directory of `path` survive a power failure. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Whether a file operation failed because there is no such file. */
export function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
