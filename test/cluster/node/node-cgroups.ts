import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { awaitUntil } from '../../e2e/stack/await-until.ts';

const mountPoint = '/sys/fs/cgroup';

/** The cgroups of a node's pods, one for each hierarchy that the machine has, all under one name. */
export class NodeCgroups {
  /** Name of the cgroup, as kubelet's `cgroupRoot` takes it. */
  readonly name: string;
  /** `cgroup v1` or `cgroup v2`: what limits the memory of pods here. */
  readonly version: string;
  private readonly folders: readonly string[];

  constructor(name: string) {
    this.name = name;
    const isUnified = existsSync(join(mountPoint, 'cgroup.controllers'));
    this.version = isUnified ? 'cgroup v2' : 'cgroup v1';
    this.folders = (isUnified ? [mountPoint] : hierarchies()).map((folder) => join(folder, name));
  }

  /** Makes them. Throws where a hierarchy that kubelet needs is missing. */
  create(): void {
    if (this.folders.length === 0) throw new Error(`${mountPoint} has no cgroup hierarchy`);
    for (const folder of this.folders) {
      mkdirSync(folder, { recursive: true });
      preferPods(folder);
    }
  }

  /** Removes them with all below, once their processes have ended. Throws where one cannot be removed. */
  async remove(): Promise<void> {
    const attempt = (): Promise<boolean> => {
      for (const folder of this.folders) removeBelow(folder);
      return Promise.resolve(this.left.length === 0);
    };
    await awaitUntil(attempt, { what: `${this.name} is removed`, timeoutMs: 10_000 });
  }

  /** Those that exist now. */
  get left(): readonly string[] {
    return this.folders.filter((folder) => existsSync(folder));
  }
}

/** Where the controllers of cgroup v1 are mounted, which kubelet uses. */
function hierarchies(): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, folder = '', type]) => type === 'cgroup' && folder.startsWith(`${mountPoint}/`))
    .map(([, folder = '']) => folder);
}

/**
 * All pods together would count as one process of the machine, so that a busy machine starves them: they get the
 * largest share instead. One hierarchy of cgroup v1 has the file, that of the CPU.
 */
function preferPods(folder: string): void {
  const largest = { 'cpu.shares': '262144', 'cpu.weight': '10000' };
  for (const [name, value] of Object.entries(largest)) {
    const file = join(folder, name);
    if (existsSync(file)) writeFileSync(file, value);
  }
}

/** A cgroup is removed by removing its folder; those below it come first. */
function removeBelow(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeBelow(join(folder, entry.name));
  }
  rmdirSync(folder);
}
