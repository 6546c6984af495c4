import { readFileSync } from 'node:fs';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import type { Processes } from '../../e2e/stack/process.ts';
import { mustRun } from '../../e2e/stack/run-command.ts';

/**
 * The first process of the node. It only collects what its children leave behind; when it ends, the kernel
 * ends every other process of the namespaces, and with the last of them go mounts and network.
 */
const firstProcess = `trap 'exit 0' TERM
while :; do sleep 3600 & wait "$!"; done`;

/**
 * What a node writes outside of its own folder goes into file systems in memory, which end with the mount
 * namespace. Volumes of pods are mounted by kubelet and seen by containerd, so mounts are shared within.
 */
const prepareMounts = `set -eu
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/netns
mount -t tmpfs -o mode=755 tmpfs /var/log
mkdir -p /var/log/containers /var/log/pods
mount -t tmpfs -o mode=700 tmpfs /var/lib/cni 2>/dev/null || true`;

/** Network, process and mount namespaces in which a node's parts run, apart from the machine's own. */
export class NodeNamespaces {
  /** The first process, by its number outside of the namespaces. */
  readonly pid: number;

  private constructor(pid: number) {
    this.pid = pid;
  }

  /** Makes the namespaces; they last until the first process ends. */
  static async create(processes: Processes): Promise<NodeNamespaces> {
    const holder = processes.start({
      name: 'namespaces',
      command: 'unshare',
      args: [
        ...['--net', '--pid', '--mount', '--fork', '--kill-child=KILL', '--mount-proc'],
        ...['--propagation', 'private', '--', 'sh', '-c', firstProcess],
      ],
    });
    const pid = await awaitUntil(() => Promise.resolve(childOf(holder.pid)), {
      what: 'the first process of the namespaces runs',
      timeoutMs: 10_000,
      giveUp: () => {
        if (!holder.isRunning) throw new Error(`no namespaces: ${holder.logTail()}`);
      },
    });
    const namespaces = new NodeNamespaces(pid);
    await namespaces.run('sh', ['-c', prepareMounts]);
    return namespaces;
  }

  /** The namespaces of a node that was started before, by the number of its first process. */
  static of(pid: number): NodeNamespaces {
    return new NodeNamespaces(pid);
  }

  /** A command that runs in the namespaces. */
  entering(command: string, args: readonly string[]): { command: string; args: readonly string[] } {
    const into = [`--target=${this.pid}`, '--net', '--pid', '--mount'];
    return { command: 'nsenter', args: [...into, '--', command, ...args] };
  }

  /** Runs a command in the namespaces, which must succeed; returns what it prints. */
  async run(command: string, args: readonly string[]): Promise<string> {
    const inside = this.entering(command, args);
    return mustRun(inside.command, inside.args);
  }
}

/** The only child of a process, which is the first process of a new process namespace. */
function childOf(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}
