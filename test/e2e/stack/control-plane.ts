import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  apiServerFlags,
  auditPolicy,
  controllerManagerFlags,
  etcdFlags,
  type ControlPlaneFiles,
  type ControlPlanePorts,
} from './control-plane-flags.ts';
import { freePorts } from './free-ports.ts';
import { get } from './http-get.ts';
import { createTokenKey, FolderAuthority } from './key-pairs.ts';
import { writeKubeconfig, type Credential } from './kubeconfig.ts';
import { Kubectl } from './kubectl.ts';
import type { Processes, RunningProcess } from './process.ts';
import { cpuMs } from './process-usage.ts';
import type { ControlPlaneTools } from './tools.ts';

export interface ControlPlaneOptions {
  /** Folder for all of its files; must not hold an earlier control plane. */
  readonly dir: string;
  readonly tools: ControlPlaneTools;
  readonly processes: Processes;
  /** Default: free ones. */
  readonly ports?: Partial<ControlPlanePorts>;
  /** Further flags of the API server; they win over those of the stack. */
  readonly apiServerFlags?: readonly string[];
}

export interface RestartOptions {
  /**
   * How the server is ended; default SIGKILL, as when its machine dies. On SIGTERM it waits for
   * its watchers, ten seconds here at most.
   */
  readonly signal?: 'SIGKILL' | 'SIGTERM';
  /** How long it stays away; default 0. */
  readonly downMs?: number;
  /** Replaces the further flags that it was started with. */
  readonly flags?: readonly string[];
}

/** A real control plane on loopback, without nodes. */
export class ControlPlane {
  /** Address of the API server. */
  readonly server: string;
  /** PEM file that the API server's certificate is checked with. */
  readonly caFile: string;
  /** Kubeconfig of an administrator. */
  readonly kubeconfig: string;
  /** One JSON object a line for each answered request. */
  readonly auditLog: string;
  /** kubectl as the administrator. */
  readonly kubectl: Kubectl;
  readonly ports: ControlPlanePorts;

  private readonly options: ControlPlaneOptions;
  private readonly authority: FolderAuthority;
  private readonly files: ControlPlaneFiles;
  private etcd: RunningProcess | undefined;
  private apiServer: RunningProcess | undefined;
  private controllerManager: RunningProcess | undefined;

  /** Use `startControlPlane`. */
  constructor(parts: ControlPlaneParts) {
    this.options = parts.options;
    this.ports = parts.ports;
    this.authority = parts.authority;
    this.files = parts.files;
    this.server = `https://127.0.0.1:${this.ports.apiServer}`;
    this.caFile = this.files.ca.certFile;
    this.auditLog = this.files.auditLog;
    this.kubeconfig = this.kubeconfigPath('admin');
    this.kubectl = new Kubectl(this.options.tools.kubectl, this.kubeconfig);
  }

  /** Starts all parts and waits for them. */
  async start(): Promise<void> {
    const { processes, tools } = this.options;
    await this.userKubeconfig('admin', ['system:masters']);
    await this.userKubeconfig('system:kube-controller-manager', [], {
      file: this.files.controllerManagerKubeconfig,
    });
    const name = 'etcd';
    const args = etcdFlags(this.ports, this.files);
    this.etcd = processes.start({ name, command: tools.etcd, args });
    await this.startApiServer();
    this.controllerManager = processes.start({
      name: 'kube-controller-manager',
      command: tools.kubeControllerManager,
      args: controllerManagerFlags(this.ports, this.files),
    });
    const health = `https://127.0.0.1:${this.ports.controllerManager}/healthz`;
    await this.controllerManager.awaitReady(() => this.answersOk(health));
  }

  /** A kubeconfig for a user with a client certificate; the file is `<user>.kubeconfig`. */
  async userKubeconfig(
    user: string,
    groups: readonly string[] = [],
    { file = this.kubeconfigPath(user) } = {},
  ): Promise<string> {
    const organizations = groups.map((group) => `/O=${group}`).join('');
    const name = `user-${user.replaceAll(':', '-')}`;
    const pair = await this.authority.issue({ name, subject: `${organizations}/CN=${user}` });
    return this.writeKubeconfig(file, { kind: 'certificate', pair });
  }

  /** Where the kubeconfig of a user is. */
  kubeconfigPath(user: string): string {
    return join(this.options.dir, `${user}.kubeconfig`);
  }

  /**
   * Writes a kubeconfig for this API server with a given credential; returns its path. `server` is
   * another address that leads there.
   */
  writeKubeconfig(file: string, credential: Credential, server = this.server): string {
    writeKubeconfig({ file, server, caFile: this.caFile, credential });
    return file;
  }

  /** Ends the API server, and starts it again on the same port; returns once it is ready. */
  async restartApiServer(options: RestartOptions = {}): Promise<void> {
    await this.stopApiServer(options.signal ?? 'SIGKILL');
    await sleep(options.downMs ?? 0);
    await this.startApiServer(options.flags);
  }

  /** Ends the API server and leaves it down, until `startApiServer`. */
  async stopApiServer(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    this.apiServer?.signal(signal);
    await this.apiServer?.stop();
  }

  /** Starts the API server after `stopApiServer`, and waits until it is ready. */
  async startApiServer(flags = this.options.apiServerFlags ?? []): Promise<void> {
    const { tools, processes } = this.options;
    const args = [...apiServerFlags(this.ports, this.files), ...flags];
    const command = tools.kubeApiserver;
    this.apiServer = processes.start({ name: 'kube-apiserver', command, args });
    await this.apiServer.awaitReady(() => this.answersOk(`${this.server}/readyz`));
  }

  /** Ends the controller manager and leaves it down. */
  async stopControllerManager(): Promise<void> {
    await this.controllerManager?.stop();
  }

  /** Halts etcd for some time: calls to the API server hang, connections stay. */
  async pauseEtcd(ms: number): Promise<void> {
    this.etcd?.signal('SIGSTOP');
    try {
      await sleep(ms);
    } finally {
      this.etcd?.signal('SIGCONT');
    }
  }

  /** User and system CPU milliseconds that the API server has used since its start; Linux only. */
  apiServerCpuMs(): number {
    return this.apiServer === undefined ? NaN : cpuMs(this.apiServer.pid);
  }

  /** Ends all parts, the store last. */
  async stop(): Promise<void> {
    await this.controllerManager?.stop();
    await this.apiServer?.stop();
    await this.etcd?.stop();
  }

  private async answersOk(url: string): Promise<boolean> {
    const ca = readFileSync(this.caFile, 'utf8');
    return (await get(url, { ca })).status === 200;
  }
}

interface ControlPlaneParts {
  readonly options: ControlPlaneOptions;
  readonly ports: ControlPlanePorts;
  readonly authority: FolderAuthority;
  readonly files: ControlPlaneFiles;
}

/**
 * Starts etcd, the API server and the controller manager with fresh keys; returns when all are
 * ready. What was started is ended again where one of them does not come up.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const pki = join(options.dir, 'pki');
  mkdirSync(pki, { recursive: true });
  const authority = await FolderAuthority.create(pki);
  const subjectAltName = 'IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc';
  const [serving, tokenKey, ports] = await Promise.all([
    authority.issue({ name: 'serving', subject: '/CN=kube-apiserver', subjectAltName }),
    createTokenKey(pki),
    choosePorts(options.ports),
  ]);
  const files: ControlPlaneFiles = {
    etcdDir: join(options.dir, 'etcd'),
    ca: authority.root,
    serving,
    tokenPrivateKey: tokenKey.privateFile,
    tokenPublicKey: tokenKey.publicFile,
    auditPolicy: join(options.dir, 'audit-policy.json'),
    auditLog: join(options.dir, 'audit.log'),
    controllerManagerKubeconfig: join(options.dir, 'controller-manager.kubeconfig'),
  };
  writeFileSync(files.auditPolicy, JSON.stringify(auditPolicy));
  const controlPlane = new ControlPlane({ options, ports, authority, files });
  try {
    await controlPlane.start();
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
  return controlPlane;
}

async function choosePorts(wanted: Partial<ControlPlanePorts> = {}): Promise<ControlPlanePorts> {
  const [etcd = 0, etcdPeer = 0, apiServer = 0, controllerManager = 0] = await freePorts(4);
  return { etcd, etcdPeer, apiServer, controllerManager, ...wanted };
}
