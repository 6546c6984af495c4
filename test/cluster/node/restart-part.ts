import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import { recordedPid } from '../../e2e/stack/pid-file.ts';
import { Processes } from '../../e2e/stack/process.ts';

export type NodePart = 'kubelet' | 'containerd' | 'kube-apiserver';

/**
 * Kills a part of a node that was started before, as a crash would, and starts it again with the same words and
 * the same environment. Returns once the new process runs, which need not be ready yet.
 */
export async function restartPart(folder: string, name: NodePart): Promise<void> {
  const pidFile = join(folder, 'pids');
  const pid = recordedPid(pidFile, name);
  if (pid === undefined) throw new Error(`${name} does not run`);
  const [command = '', ...args] = wordsIn(`/proc/${pid}/cmdline`);
  const env = Object.fromEntries(
    wordsIn(`/proc/${pid}/environ`).map((word) => {
      const at = word.indexOf('=');
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
  // The recorded process has only entered the namespaces, and waits for the part itself.
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/);
  for (const child of children) process.kill(Number(child), 'SIGKILL');
  await awaitUntil(() => Promise.resolve(recordedPid(pidFile, name) === undefined), {
    what: `${name} has ended`,
    timeoutMs: 10_000,
  });
  const processes = new Processes({
    logDir: join(folder, 'logs'),
    pidFile,
    lifetime: 'detached',
  });
  processes.start({ name, command, args, env });
}

/** The words of a process's command line or environment, each of which ends with a zero byte. */
function wordsIn(file: string): readonly string[] {
  return readFileSync(file, 'utf8')
    .split('\0')
    .filter((word) => word !== '');
}
