import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import { Kubectl } from '../../e2e/stack/kubectl.ts';
import type { Processes } from '../../e2e/stack/process.ts';
import type { Log } from '../../e2e/stack/tool-cache.ts';
import type { NodeTools } from '../tools/node-tools.ts';
import { ContainerRuntime } from './container-runtime.ts';
import { forwardPort } from './forwarded-port.ts';
import { nodeName, startNodeAgents } from './node-agents.ts';
import { NodeCgroups } from './node-cgroups.ts';
import { firstPorts, NodeControlPlane, secondPorts } from './node-control-plane.ts';
import { NodeNamespaces } from './node-namespaces.ts';
import { configureNetwork } from './node-network.ts';

export interface ClusterNodeOptions {
  /** Folder for all of its files; must not hold an earlier node. */
  readonly dir: string;
  readonly tools: NodeTools;
  readonly processes: Processes;
  /** Loadable archives of the images that its pods may run. */
  readonly images: readonly string[];
  readonly log: Log;
}

/** What a later command has to know of a node. */
export interface NodeRecord {
  /** The first process of the namespaces, as seen from outside. */
  readonly pid: number;
  readonly cgroup: string;
  readonly kubeconfig: string;
}

/** A Kubernetes cluster of one node, with real pods, in namespaces of its own. */
export class ClusterNode {
  /** Kubeconfig of an administrator, for use from outside of the node. */
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly auditLog: string;
  readonly namespaces: NodeNamespaces;
  /** `cgroup v1` or `cgroup v2`, by which pods are limited. */
  readonly cgroupVersion: string;

  private constructor(parts: {
    readonly kubeconfig: string;
    readonly kubectl: string;
    readonly auditLog: string;
    readonly namespaces: NodeNamespaces;
    readonly cgroupVersion: string;
  }) {
    this.kubeconfig = parts.kubeconfig;
    this.kubectl = new Kubectl(parts.kubectl, parts.kubeconfig);
    this.auditLog = parts.auditLog;
    this.namespaces = parts.namespaces;
    this.cgroupVersion = parts.cgroupVersion;
  }

  /** Brings the node up and waits until it takes pods. */
  static async start(options: ClusterNodeOptions): Promise<ClusterNode> {
    const { dir, tools, processes, log } = options;
    mkdirSync(dir, { recursive: true });
    const cgroups = new NodeCgroups(`istio-ra-${process.pid}`);
    const kubeconfig = join(dir, 'kubeconfig');
    const namespaces = await NodeNamespaces.create(processes);
    writeRecord(dir, { pid: namespaces.pid, cgroup: cgroups.name, kubeconfig });
    cgroups.create();
    const cniFolder = await configureNetwork(namespaces, dir);
    const shared = { dir, tools, namespaces, processes };
    const runtime = startRuntime({ ...options, namespaces, cniFolder });
    const controlPlane = await startControlPlane(shared, 'first');
    log(`the API server ${controlPlane.server} is ready`);
    const port = await forwardPort(processes, namespaces, firstPorts.apiServer);
    const outside = `https://127.0.0.1:${port}`;
    const admin = await controlPlane.userKubeconfig('admin', ['system:masters'], outside);
    writeFileSync(kubeconfig, readFileSync(admin), { mode: 0o600 });
    await runtime;
    log('containerd has the images');
    await startNodeAgents({ ...shared, controlPlane, cgroup: cgroups.name });
    const node = new ClusterNode({
      ...{ kubeconfig, kubectl: tools.kubectl, namespaces },
      auditLog: controlPlane.auditLog,
      cgroupVersion: cgroups.version,
    });
    await node.awaitReady();
    return node;
  }

  /**
   * Starts a second control plane on the node, without pods of its own; returns the kubeconfig of an
   * administrator, for use from outside of the node.
   */
  static async startRemoteCluster(
    options: Omit<ClusterNodeOptions, 'images'>,
    namespaces: NodeNamespaces,
  ): Promise<string> {
    const controlPlane = await startControlPlane({ ...options, namespaces }, 'remote');
    const port = await forwardPort(options.processes, namespaces, secondPorts.apiServer);
    return controlPlane.userKubeconfig('admin', ['system:masters'], `https://127.0.0.1:${port}`);
  }

  private async awaitReady(): Promise<void> {
    await awaitUntil(
      async () => {
        const [ready] = await Promise.all([
          this.kubectl.run(
            ...['get', 'node', nodeName, '-o'],
            'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
          ),
          this.kubectl.run('get', 'serviceaccount', 'default', '--namespace', 'default'),
        ]);
        return ready === 'True';
      },
      { what: 'the node is ready', timeoutMs: 60_000, intervalMs: 250 },
    );
  }
}

interface Shared {
  readonly dir: string;
  readonly tools: NodeTools;
  readonly namespaces: NodeNamespaces;
  readonly processes: Processes;
}

async function startControlPlane(
  { dir, tools, namespaces, processes }: Shared,
  which: 'first' | 'remote',
): Promise<NodeControlPlane> {
  const isFirst = which === 'first';
  const folder = join(dir, isFirst ? 'control-plane' : 'remote-control-plane');
  mkdirSync(folder, { recursive: true });
  const controlPlane = await NodeControlPlane.start({
    ...{ dir: folder, tools, namespaces, processes },
    name: isFirst ? '' : 'remote-',
    ports: isFirst ? firstPorts : secondPorts,
  });
  await controlPlane.startControllers({ withScheduler: isFirst });
  return controlPlane;
}

async function startRuntime(
  options: ClusterNodeOptions & {
    readonly namespaces: NodeNamespaces;
    readonly cniFolder: string;
  },
): Promise<ContainerRuntime> {
  const { dir, tools, namespaces, processes, cniFolder, images } = options;
  const { containerd, ctr } = tools;
  const parts = { dir, namespaces, processes, cniFolder, containerd, ctr };
  const runtime = await ContainerRuntime.start(parts);
  for (const image of images) await runtime.importImage(image);
  return runtime;
}

const recordFile = 'node.json';

/** Notes at once what would be left of a node whose start is interrupted. */
function writeRecord(dir: string, record: NodeRecord): void {
  writeFileSync(join(dir, recordFile), `${JSON.stringify(record)}\n`);
}

/** The namespaces of the node whose files a folder holds. Throws where there is none. */
export function namespacesIn(dir: string): NodeNamespaces {
  const record = readRecord(dir);
  if (record === undefined) throw new Error('the node is gone');
  return NodeNamespaces.of(record.pid);
}

/** The node whose files a folder holds, where there is one. */
export function readRecord(dir: string): NodeRecord | undefined {
  const file = join(dir, recordFile);
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as NodeRecord;
}
