import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { runLoad, type LoadOptions, type LoadReport, type RequestReport } from '../stack/agent.ts';
import { awaitUntil } from '../stack/await-until.ts';
import { tokenIssuer } from '../stack/control-plane-flags.ts';
import { freePorts } from '../stack/free-ports.ts';
import { get } from '../stack/http-get.ts';
import {
  beginIstioRa,
  launchIstioRa,
  onFreePorts,
  type IstioRa,
  type LaunchOptions,
} from '../stack/istio-ra.ts';
import type { Kubectl, Manifest } from '../stack/kubectl.ts';
import { runCommand, type CommandResult } from '../stack/run-command.ts';
import type { Workload, World } from '../walkthrough/world.ts';
import { chartValues } from './chart-values.ts';
import { renderChart } from './render-chart.ts';
import { renderedStart, type RenderedStart } from './rendered-start.ts';

const namespace = 'istio-system';
/** Another release than that of the walk-through, which goes on beside it. */
const release = 'installed';
const fullName = `${release}-istio-ra`;

/** What clients call the Service of the chart. */
export const chartServerName = `${fullName}.${namespace}.svc`;
/** The account of the chart. */
export const chartAccount = { namespace, name: fullName } as const;
/** The same as the API server names it. */
export const chartAccountName = `system:serviceaccount:${namespace}:${fullName}`;
export const rootsName = 'istio-ca-root-cert';
export const replicaNames = ['one', 'two', 'three'].map((name) => `${fullName}-${name}`);

/** A replica that may not be ready. */
export interface BegunReplica {
  /** What /ready says. */
  page(): Promise<string>;
  /** The end of its log. */
  log(): string;
  stop(): Promise<void>;
}

/** istio-ra as the chart installs it, without a kubelet: its pods are processes of ours. */
export class ChartWorld {
  readonly world: World;
  readonly #replicas = new Map<string, IstioRa>();
  #objects: readonly Manifest[] = [];

  constructor(world: World) {
    this.world = world;
  }

  get kubectl(): Kubectl {
    return this.world.controlPlane.kubectl;
  }

  /** The replicas that run, by their pods' names. */
  get replicas(): ReadonlyMap<string, IstioRa> {
    return new Map([...this.#replicas].filter(([, ra]) => ra.isRunning));
  }

  /** One that runs and, where it is named, is not that one; throws where there is none. */
  replica(otherThan?: string): IstioRa {
    const found = [...this.replicas].find(([name]) => name !== otherThan);
    if (found === undefined) throw new Error('no such replica runs');
    return found[1];
  }

  /** What was rendered last. */
  get objects(): readonly Manifest[] {
    return this.#objects;
  }

  /** Renders the chart and applies all of it; returns what was applied. */
  async install(
    values: Readonly<Record<string, unknown>> = chartValues,
  ): Promise<readonly Manifest[]> {
    const home = this.path();
    mkdirSync(home, { recursive: true });
    const { helm } = this.world.tools;
    const options = { helm, home, release, namespace, values };
    this.#objects = await renderChart(options);
    await this.kubectl.apply(this.#objects);
    return this.#objects;
  }

  /** Writes the mesh config where the rendered istio-ra looks for it, beside istiod's. */
  async writeMeshConfig(mesh: string): Promise<void> {
    const metadata = { name: 'istio', namespace };
    await this.kubectl.apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { mesh } }]);
  }

  /** Starts a pod of the rendered Deployment; resolves once it is ready. */
  async startReplica(name: string): Promise<IstioRa> {
    const ra = await launchIstioRa(await this.#launch(name));
    this.#replicas.set(name, ra);
    return ra;
  }

  /** Ends one in order, which gives back what it leads by, and starts it again. */
  async restartReplica(name: string): Promise<void> {
    await this.#replicas.get(name)?.stop();
    await this.startReplica(name);
  }

  /** Starts one without waiting for it, with its pages for probes at a known address. */
  async beginReplica(name: string): Promise<BegunReplica> {
    const [port = 0] = await freePorts(1);
    const httpAddr = `127.0.0.1:${port}`;
    const options = await this.#launch(name);
    const running = beginIstioRa({ ...options, flags: { ...options.flags, httpAddr } });
    return {
      page: async () => (await get(`http://${httpAddr}/ready`)).body,
      log: () => running.logTail(100),
      stop: () => running.stop(),
    };
  }

  /**
   * Runs a command of istio-ra as `kubectl exec` does: with the environment of a pod's container and none of
   * its arguments. KUBECONFIG stands for the credentials that a kubelet mounts.
   */
  async exec(name: string, words: readonly string[]): Promise<CommandResult> {
    const { env, kubeconfig } = await this.#pod(name);
    const { program } = this.world;
    return runCommand(process.execPath, [program, ...words], {
      env: { ...env, KUBECONFIG: kubeconfig },
    });
  }

  async #launch(name: string): Promise<LaunchOptions> {
    const { processes, program } = this.world;
    const { nodeFlags, flags, env, kubeconfig } = await this.#pod(name);
    return {
      ...{ name, program, processes, nodeFlags, env },
      flags: { ...flags, ...onFreePorts, kubeconfig },
    };
  }

  /** What the Deployment says of a pod, and a kubeconfig of the pod's own account. */
  async #pod(name: string): Promise<RenderedStart & { readonly kubeconfig: string }> {
    const { controlPlane } = this.world;
    const folder = this.path(name);
    const token = await this.kubectl.createToken({
      ...{ namespace, serviceAccount: fullName, audience: tokenIssuer },
    });
    const kubeconfig = controlPlane.writeKubeconfig(this.path(`${name}.kubeconfig`), {
      kind: 'token',
      token,
    });
    return { ...renderedStart(this.#objects, { name, namespace, folder }), kubeconfig };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.replicas.values()].map((ra) => ra.stop()));
  }

  /** A file of this chapter. */
  path(...parts: readonly string[]): string {
    return this.world.path('chart', ...parts);
  }

  /** The roots that a client in a namespace has, as they are now; undefined where it has none. */
  async rootsIn(where: string): Promise<string | undefined> {
    const args = ['get', 'configmap', rootsName, '--namespace', where];
    const path = 'jsonpath={.data.root-cert\\.pem}';
    const { code, stdout } = await this.kubectl.attempt(...args, '-o', path);
    return code === 0 && stdout !== '' ? stdout : undefined;
  }

  /** Waits for the roots of a namespace to hold; writes them to a file for clients, whose path it returns. */
  async rootFileFor(where: string, holds: (roots: string) => boolean): Promise<string> {
    const roots = await awaitUntil(
      async () => {
        const found = await this.rootsIn(where);
        return found !== undefined && holds(found) && found;
      },
      { what: `the roots in namespace ${where} are as they should be`, timeoutMs: 30_000 },
    );
    const file = this.path(`roots-of-${where}.pem`);
    writeFileSync(file, roots);
    return file;
  }

  /** One request of a workload, by a client that trusts these roots alone. */
  async request(workload: Workload, rootFile: string, ra = this.replica()): Promise<RequestReport> {
    const certSigner = workload.namespace;
    return this.world.request(workload, { ra, rootFile, serverName: chartServerName, certSigner });
  }

  /** Requests of all workloads, each over a connection of its own. */
  async load(ra: IstioRa, rootFile: string, how: Partial<LoadOptions>): Promise<LoadReport> {
    return runLoad(this.world.tools.agentlike, {
      address: ra.address,
      rootFile,
      serverName: chartServerName,
      tokenDir: this.world.tenantTokens(),
      certSigner: '{namespace}',
      key: 'p256',
      newConnections: true,
      ...how,
    });
  }

  /** The name of the pod that holds the Lease; undefined while none does. */
  async leader(): Promise<string | undefined> {
    const args = ['get', 'lease', 'istio-ra-leader', '--namespace', namespace];
    const { code, stdout } = await this.kubectl.attempt(
      ...args,
      ...['-o', 'jsonpath={.spec.holderIdentity}'],
    );
    return code === 0 && stdout !== '' ? stdout : undefined;
  }

  /** The mesh config of the walk-through. */
  meshConfig(): string {
    return readFileSync(this.world.path('mesh.yaml'), 'utf8');
  }
}
