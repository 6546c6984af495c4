import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Suite } from '../e2e/runner/suite.ts';
import { countCalls } from '../e2e/stack/audit-log.ts';
import type { Manifest } from '../e2e/stack/kubectl.ts';
import { Processes } from '../e2e/stack/process.ts';
import type { Tools } from '../e2e/stack/tools.ts';
import { issuerSteps } from '../e2e/walkthrough/issuer-steps.ts';
import { meshSteps } from '../e2e/walkthrough/mesh-steps.ts';
import { accountName, serverName, World } from '../e2e/walkthrough/world.ts';
import { AdminCalls } from './admin-calls.ts';
import { benchSettings } from './bench-settings.ts';
import type { BenchWorld, MeasuredAuthority } from './bench-world.ts';

/** As many as the most callers of any measurement, so that each has a token of its own. */
const workloadCount = 200;
const nodeName = 'node-1';
const list = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
  readonly pod: string;
}

const workloads: readonly ServiceAccount[] = Array.from({ length: workloadCount }, (_, at) => ({
  namespace: at % 2 === 0 ? 'foo' : 'bar',
  name: `bench-${at}`,
  pod: `bench-${at}-1`,
}));
const nodeAgent: ServiceAccount = {
  namespace: 'istio-system',
  name: 'ztunnel',
  pod: 'ztunnel-1',
};

/** The real control plane with cert-manager's own signers, as `make e2e` has it. */
export class RealWorld implements BenchWorld {
  readonly description: string;
  readonly tokenDir: string;
  readonly serverName = serverName;
  readonly nodeAgent: BenchWorld['nodeAgent'];
  /** As the administrator of the cluster. */
  readonly admin: AdminCalls;
  readonly #world: World;
  readonly #folder: string;
  readonly #processes: Processes;

  private constructor(world: World, parts: { folder: string; processes: Processes }) {
    this.#world = world;
    this.#folder = parts.folder;
    this.#processes = parts.processes;
    this.tokenDir = world.path('bench-tokens');
    this.nodeAgent = {
      tokenFile: world.path('node-agent.token'),
      identity: 'spiffe://cluster.local/ns/foo/sa/bench-0',
    };
    this.description = `kube-apiserver, etcd and cert-manager's signers; ${cpus().length} x ${cpus()[0]?.model ?? 'CPU'}`;
    this.admin = new AdminCalls(world.controlPlane);
  }

  static async start(tools: Tools, say: (line: string) => void): Promise<RealWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'istio-ra-bench-'));
    const processes = new Processes({
      logDir: join(folder, 'logs'),
      pidFile: join(folder, 'pids'),
    });
    try {
      const world = await World.start({ dir: join(folder, 'walk'), tools, processes });
      const suite = new Suite({
        print: say,
        missing: new Map(),
        mustRunAll: true,
        maxStepMs: 120_000,
      });
      const steps = [...issuerSteps(world), ...meshSteps(world)];
      if (!(await suite.chapter('The mesh', steps))) throw new Error('the mesh does not stand');
      await world.ra.stop();
      const real = new RealWorld(world, { folder, processes });
      await real.#deploy();
      return real;
    } catch (error) {
      await processes.stopAll();
      throw error;
    }
  }

  get agentlike(): string {
    return this.#world.tools.agentlike;
  }

  get rootFile(): string {
    return this.#world.rootFile('istio-system');
  }

  get floor(): BenchWorld['floor'] {
    const { controlPlane } = this.#world;
    return {
      server: controlPlane.server,
      caFile: controlPlane.caFile,
      tokenFile: this.#world.path('istio-ra.token'),
      signerName: 'clusterissuers.cert-manager.io/foo',
    };
  }

  async startAuthority(
    name: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<MeasuredAuthority> {
    const start = performance.now();
    const ra = await this.#world.startRa(name, {
      env: { ...benchSettings, CA_TRUSTED_NODE_ACCOUNTS: 'istio-system/ztunnel', ...env },
    });
    const readyMs = performance.now() - start;
    return {
      pid: ra.pid,
      address: ra.address,
      readyMs,
      metric: (series) => ra.metric(series),
      stop: async () => {
        await ra.stop();
      },
    };
  }

  apiServerCpuMs(): number {
    return this.#world.controlPlane.apiServerCpuMs();
  }

  mark(): number {
    return this.#world.audit.mark();
  }

  calls(mark: number): ReadonlyMap<string, number> {
    return countCalls(this.#world.audit.callsBy(accountName, mark));
  }

  /** Calls of the signers to the API server since then. */
  signerCalls(mark: number): ReadonlyMap<string, number> {
    return countCalls(this.#world.audit.callsBy('cert-manager', mark));
  }

  /** A file of the world's own folder, which goes with it. */
  file(name: string): string {
    return this.#world.path(name);
  }

  /** Ends what would answer every new namespace with objects of its own. */
  async stopControllers(): Promise<void> {
    await this.#world.controlPlane.stopControllerManager();
  }

  async objectsLeft(): Promise<number> {
    const selector = encodeURIComponent('app.kubernetes.io/managed-by=istio-ra');
    const answer = await this.admin.ask('GET', `${list}?labelSelector=${selector}&limit=1`);
    const { items, metadata } = answer as {
      readonly items: readonly unknown[];
      readonly metadata: { readonly remainingItemCount?: number };
    };
    return items.length + (metadata.remainingItemCount ?? 0);
  }

  async stop(): Promise<void> {
    await this.admin.close();
    await this.#processes.stopAll();
    rmSync(this.#folder, { recursive: true });
  }

  /** A service account, a pod and a token that is bound to it for each caller, and a node agent. */
  async #deploy(): Promise<void> {
    const all = [...workloads, nodeAgent];
    const { kubectl } = this.#world.controlPlane;
    await kubectl.apply(all.flatMap(manifestsOf));
    mkdirSync(this.tokenDir);
    for (const workload of workloads) {
      writeFileSync(join(this.tokenDir, workload.name), await this.#token(workload));
    }
    writeFileSync(this.nodeAgent.tokenFile, await this.#token(nodeAgent));
  }

  async #token({ namespace, name, pod }: ServiceAccount): Promise<string> {
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: pod };
    const answer = await this.admin.ask(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: ['istio-ca'], expirationSeconds: 86_400, boundObjectRef },
      },
    );
    return (answer as { readonly status: { readonly token: string } }).status.token;
  }
}

function manifestsOf({ namespace, name, pod }: ServiceAccount): Manifest[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: pod, namespace },
      spec: { nodeName, serviceAccountName: name, containers: [{ name, image: 'none' }] },
    },
  ];
}
