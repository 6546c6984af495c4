import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../../e2e/stack/run-command.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const folder = join(repository, '.cache', 'previous');
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

export const previousTag = 'previous';

/**
 * Makes the image of the commit before this one, as `make image` of that commit does it; returns its archive. Throws
 * where git does not have that commit, as in a shallow clone.
 */
export async function makePreviousImage(): Promise<{
  readonly archive: string;
  readonly commit: string;
}> {
  const git = (...args: readonly string[]): Promise<string> =>
    mustRun('git', args, { cwd: repository });
  const commit = (await git('rev-parse', '--verify', 'HEAD~1')).trim();
  await removePreviousFiles();
  await git('worktree', 'add', '--detach', '--force', folder, commit);
  await installPackages();
  const inFolder = { cwd: folder };
  await mustRun('npm', ['run', '--silent', 'build'], inFolder);
  const build = [
    '--no-warnings',
    'scripts/image/build.ts',
    '--reference',
    `istio-ra:${previousTag}`,
  ];
  await mustRun(process.execPath, build, inFolder);
  const archive = join(folder, '.cache', 'image', `istio-ra-${previousTag}-${architecture}.tar`);
  if (!existsSync(archive)) throw new Error(`the build of ${commit} has left no ${archive}`);
  return { archive, commit: commit.slice(0, 7) };
}

/** Removes the files of the earlier commit and of its image. */
export async function removePreviousFiles(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await mustRun('git', ['worktree', 'prune'], { cwd: repository });
}

/** The packages here are those of the earlier commit, too, where its lockfile is the same. */
async function installPackages(): Promise<void> {
  const lockOf = (root: string): string => readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (lockOf(folder) === lockOf(repository)) {
    // Hard links and not one symbolic link: the bundle has paths of packages relative to this folder.
    await mustRun('cp', ['-al', join(repository, 'node_modules'), join(folder, 'node_modules')]);
    return;
  }
  await mustRun('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
}
