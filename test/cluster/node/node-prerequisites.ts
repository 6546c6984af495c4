import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { MissingPrerequisite } from '../../e2e/stack/prerequisites.ts';
import { runCommand } from '../../e2e/stack/run-command.ts';

/** Programs that the node runs, each with the package of Debian and Ubuntu that brings it. */
const programs: ReadonlyMap<string, string> = new Map([
  ['unshare', 'util-linux'],
  ['nsenter', 'util-linux'],
  ['mount', 'mount'],
  ['ip', 'iproute2'],
  ['nft', 'nftables'],
  ['runc', 'runc'],
  ['curl', 'curl'],
  ['openssl', 'openssl'],
]);

const cniFolder = '/usr/lib/cni';
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];

/**
 * Promises that a node can be brought up here. Throws `MissingPrerequisite` with everything that is missing,
 * each on a line of its own that says what to install or what the machine lacks.
 */
export async function requireNodePrerequisites(): Promise<void> {
  if (process.platform !== 'linux') {
    throw new MissingPrerequisite(`the node needs Linux, and this is ${process.platform}`);
  }
  if (process.getuid?.() !== 0) {
    throw new MissingPrerequisite(
      'the node needs root, to make namespaces and mounts: run it by sudo',
    );
  }
  const missing = [...missingPrograms(), ...(await missingKernelFeatures())];
  if (missing.length > 0) throw new MissingPrerequisite(missing.join('\n'));
}

/** Programs that only some chapters need, each with what to install where it is missing. */
export function missingForChapters(needed: readonly string[]): ReadonlyMap<string, string> {
  const missing = needed.filter(
    (program) => !folders.some((folder) => isExecutable(join(folder, program))),
  );
  return new Map(
    missing.map((program) => [program, `${program} is missing: apt-get install ${program}`]),
  );
}

function missingPrograms(): readonly string[] {
  const missing = [...programs]
    .filter(([program]) => !folders.some((folder) => isExecutable(join(folder, program))))
    .map(([program, name]) => `${program} is missing: apt-get install ${name}`);
  const plugins = ['bridge', 'host-local', 'loopback'];
  if (plugins.every((plugin) => isExecutable(join(cniFolder, plugin)))) return missing;
  return [
    ...missing,
    `the CNI plugins are missing in ${cniFolder}: apt-get install containernetworking-plugins`,
  ];
}

/** What only the kernel can tell is tried in a namespace that ends at once. */
async function missingKernelFeatures(): Promise<readonly string[]> {
  const inNamespaces = (script: string): Promise<boolean> =>
    succeeds('unshare', [
      ...['--net', '--pid', '--mount', '--fork', '--mount-proc', '--propagation', 'private'],
      ...['--', 'sh', '-c', script],
    ]);
  if (missingPrograms().length > 0) return [];
  if (!(await inNamespaces('true'))) {
    return ['this machine does not let root make network, process and mount namespaces'];
  }
  const lower = mkdtempSync(join(tmpdir(), 'istio-ra-overlay-'));
  const overlay = `mount -t tmpfs tmpfs ${lower} && mkdir ${lower}/a ${lower}/b ${lower}/c ${lower}/d &&
    mount -t overlay -o lowerdir=${lower}/a,upperdir=${lower}/b,workdir=${lower}/c overlay ${lower}/d`;
  try {
    const tries: readonly (readonly [string, string])[] = [
      ['ip link add node0 type bridge', 'the kernel has no bridges (CONFIG_BRIDGE)'],
      ['ip link add a0 type veth peer b0', 'the kernel has no pairs of devices (CONFIG_VETH)'],
      ['nft add table ip probe', 'the kernel has no nftables (CONFIG_NF_TABLES)'],
      ['test -e /proc/sys/net/bridge/bridge-nf-call-iptables', 'the kernel lacks br_netfilter'],
      [overlay, 'the kernel has no overlay file system (CONFIG_OVERLAY_FS)'],
    ];
    const found = await Promise.all(tries.map(([script]) => inNamespaces(script)));
    const lacking = tries.filter((_, index) => found[index] === false).map(([, reason]) => reason);
    return existsSync('/sys/fs/cgroup') ? lacking : [...lacking, 'no cgroups are mounted'];
  } finally {
    rmSync(lower, { recursive: true, force: true });
  }
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return (await runCommand(command, args)).code === 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
