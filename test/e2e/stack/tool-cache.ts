import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How one tool is made. The sources and the recipe's version name its place in the cache. */
export interface Recipe {
  readonly name: string;
  /** Folder whose files decide whether a cached tool is still the right one. */
  readonly sourceDir: string;
  /** Further files that decide the same. */
  readonly sourceFiles?: readonly string[];
  /** How it is built, as far as the sources do not say: flags and the like. */
  readonly manner: string;
  /** What a person may expect on the first run, for the progress lines. */
  readonly expectation: string;
  /** Makes the tool's files in an empty folder. */
  readonly build: (folder: string, progress: (text: string) => void) => Promise<void>;
}

export type Log = (line: string) => void;

const progressEveryMs = 5_000;
const quietMs = 1_000;

/** Where tools are kept between runs: `$XDG_CACHE_HOME/istio-ra/e2e`. */
export function cacheRoot(): string {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(caches, 'istio-ra', 'e2e');
}

/** Whether a recipe's result can be had at once. */
export function isCached(recipe: Recipe): boolean {
  return existsSync(cachedFolder(recipe));
}

/** Where a recipe's result is, or will be. */
function cachedFolder(recipe: Recipe): string {
  return join(cacheRoot(), `${recipe.name}-${fingerprint(recipe)}`);
}

/**
 * Returns the folder with a recipe's result; makes it where it is missing. A result appears
 * whole or not at all, and of two runs at once one builds while the other waits.
 */
export async function ensureCached(recipe: Recipe, log: Log): Promise<string> {
  const folder = cachedFolder(recipe);
  if (existsSync(folder)) return folder;
  mkdirSync(cacheRoot(), { recursive: true });
  const lock = `${folder}.lock`;
  await takeLock(lock, () => log(`${recipe.name}: another run is building it, waiting`));
  const making = `${folder}.making-${process.pid}`;
  try {
    if (existsSync(folder)) return folder;
    removeAbandoned(`${recipe.name}-`);
    mkdirSync(making);
    await withProgress(recipe, log, (progress) => recipe.build(making, progress));
    renameSync(making, folder);
    return folder;
  } finally {
    rmSync(making, { recursive: true, force: true });
    rmSync(lock, { force: true });
  }
}

function fingerprint(recipe: Recipe): string {
  const hash = createHash('sha256');
  hash.update([recipe.manner, process.platform, process.arch].join('\0'));
  for (const file of readdirSync(recipe.sourceDir).sort()) {
    // The tools' own tests do not change the tools.
    if (file.endsWith('_test.go')) continue;
    hash.update(`\0${file}\0`).update(readFileSync(join(recipe.sourceDir, file)));
  }
  for (const file of recipe.sourceFiles ?? []) hash.update('\0').update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** A lock is a file with the pid of its holder; one whose holder is gone is taken over. */
async function takeLock(lock: string, onWait: () => void): Promise<void> {
  let waited = false;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    if (isAbandoned(lock)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (!waited) onWait();
    waited = true;
    await sleep(500);
  }
}

function isAbandoned(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    // 0 is an empty file: the holder has made it but not written to it yet.
    return pid !== 0 && hasEnded(pid);
  } catch {
    // The holder has let go of it meanwhile: try again for oneself.
    return false;
  }
}

/** Removes what runs that were killed left half made. */
function removeAbandoned(prefix: string): void {
  for (const name of readdirSync(cacheRoot()).filter((entry) => entry.startsWith(prefix))) {
    const pid = /\.making-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && hasEnded(Number(pid))) {
      rmSync(join(cacheRoot(), name), { recursive: true, force: true });
    }
  }
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

async function withProgress(
  recipe: Recipe,
  log: Log,
  work: (progress: (text: string) => void) => Promise<void>,
): Promise<void> {
  const start = performance.now();
  const seconds = (): number => Math.round((performance.now() - start) / 1000);
  let latest = '';
  const say = (): void => {
    log(`${recipe.name}: ${latest || 'building'}, ${seconds()} s (${recipe.expectation})`);
  };
  const first = setTimeout(say, quietMs);
  const again = setInterval(say, progressEveryMs);
  try {
    await work((text) => (latest = text));
  } finally {
    clearTimeout(first);
    clearInterval(again);
  }
  if (performance.now() - start > quietMs) log(`${recipe.name}: done in ${seconds()} s`);
}
