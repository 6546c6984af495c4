import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../base/error-message.ts';

/** Thrown when something cannot be done for a reason that the person at the terminal can mend. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** Tells a folder of ours from one that merely has the same name. */
const marker = 'sandbox.pid';

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The folder in which a sandbox leaves what its user needs. */
export class Workspace {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Takes the folder: a new one, an empty one, or one that a sandbox which is gone left behind.
   * Throws UsageError for a folder of a running sandbox, for one that is not a sandbox's, and where
   * nothing may be written.
   */
  static async take(directory: string): Promise<Workspace> {
    try {
      await makeFolder(directory);
      const entries = await readdir(directory);
      if (entries.length > 0) await clearStale(directory, entries);
      const workspace = new Workspace(directory);
      await workspace.write(marker, `${process.pid}\n`);
      return workspace;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const problem = messageOf(error);
      throw new UsageError(`cannot write to ${directory} (${problem}): choose another with --dir`, {
        cause: error,
      });
    }
  }

  path(...names: readonly string[]): string {
    return join(this.directory, ...names);
  }

  /** Writes a file for its owner alone, since some hold keys or tokens. Returns its path. */
  async write(name: string, text: string): Promise<string> {
    const path = this.path(name);
    if (dirname(path) !== this.directory) await makeFolder(dirname(path));
    await writeFile(path, text, { mode: 0o600 });
    await chmod(path, 0o600);
    return path;
  }

  /** Lets the folder be taken by the next sandbox; the files stay for reading. */
  async release(): Promise<void> {
    await this.write(marker, '0\n');
  }
}

/** Not recursive: where a parent cannot be made, Node's own recursion may never end (seen in /proc). */
async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function clearStale(directory: string, entries: readonly string[]): Promise<void> {
  if (!entries.includes(marker)) {
    throw new UsageError(
      `${directory} holds files that are no sandbox's: remove it or choose another with --dir`,
    );
  }
  const pid = Number(await readFile(join(directory, marker), 'utf8'));
  if (isRunning(pid)) {
    throw new UsageError(
      `another sandbox (process ${pid}) uses ${directory}: end it or choose another with --dir`,
    );
  }
  await Promise.all(
    entries.map((entry) => rm(join(directory, entry), { recursive: true, force: true })),
  );
}
