import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopRecorded } from '../../e2e/stack/pid-file.ts';
import { readRecord } from './cluster-node.ts';
import { NodeCgroups } from './node-cgroups.ts';

export interface Removal {
  /** Whether anything was running. */
  readonly ended: boolean;
  /** What could not be removed, a line each. */
  readonly left: readonly string[];
}

const namespaceKinds = ['net', 'pid', 'mnt'] as const;

/**
 * Ends a node whose files are in a folder, in whatever state its start was interrupted. Ending the first
 * process of its namespaces ends all others there, and with them go mounts and network.
 */
export async function removeNode(dir: string, pidFile: string): Promise<Removal> {
  const record = readRecord(dir);
  const namespaces = record === undefined ? [] : namespacesOf(record.pid);
  const ended = await stopRecorded(pidFile, 2_000);
  const left: string[] = [];
  if (record !== undefined) {
    await new NodeCgroups(record.cgroup).remove().catch((error: unknown) => {
      left.push(String(error));
    });
    left.push(...new NodeCgroups(record.cgroup).left.map((folder) => `cgroup ${folder}`));
  }
  left.push(...(await stillThere(dir, namespaces)));
  return { ended: ended.length > 0, left };
}

/** Processes and mounts that name the folder, and processes in the namespaces; the last ones may take a moment. */
async function stillThere(dir: string, namespaces: readonly string[]): Promise<readonly string[]> {
  for (let attempt = 0; ; attempt += 1) {
    const left = [...processesOf(dir, namespaces), ...mountsBelow(dir)];
    if (left.length === 0 || attempt === 50) return left;
    await sleep(100);
  }
}

function processesOf(dir: string, namespaces: readonly string[]): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = readOr(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      const inside = namespacesOf(Number(pid)).some((found) => namespaces.includes(found));
      return inside || command.includes(`${dir}/`) ? [`process ${pid} ${command}`] : [];
    });
}

function mountsBelow(dir: string): readonly string[] {
  return readOr('/proc/self/mounts')
    .split('\n')
    .filter((line) => line.split(' ')[1]?.startsWith(`${dir}/`) === true)
    .map((line) => `mount ${line}`);
}

/** Such as `net:[4026532281]`; those of this process are nobody else's. */
function namespacesOf(pid: number): readonly string[] {
  return namespaceKinds.flatMap((kind) => {
    const path = `/proc/${pid}/ns/${kind}`;
    try {
      const found = readlinkSync(path);
      return found === readlinkSync(`/proc/self/ns/${kind}`) ? [] : [found];
    } catch {
      return []; // The process has ended.
    }
  });
}

function readOr(file: string): string {
  try {
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  } catch {
    return ''; // The process has ended meanwhile.
  }
}
