import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditPolicy, tokenIssuer } from '../../e2e/stack/control-plane-flags.ts';
import { createTokenKey, FolderAuthority, type KeyPairFiles } from '../../e2e/stack/key-pairs.ts';
import { writeKubeconfig } from '../../e2e/stack/kubeconfig.ts';
import type { Processes, RunningProcess } from '../../e2e/stack/process.ts';
import type { NodeTools } from '../tools/node-tools.ts';
import type { NodeNamespaces } from './node-namespaces.ts';
import { addresses } from './node-network.ts';

export interface NodeControlPlaneOptions {
  readonly dir: string;
  readonly tools: NodeTools;
  readonly namespaces: NodeNamespaces;
  readonly processes: Processes;
  /** Names and ports differ where two control planes share the node. */
  readonly name: string;
  readonly ports: NodeControlPlanePorts;
}

export interface NodeControlPlanePorts {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
}

export const firstPorts: NodeControlPlanePorts = {
  etcd: 2379,
  etcdPeer: 2380,
  apiServer: 6443,
  controllerManager: 10257,
  scheduler: 10259,
};

export const secondPorts: NodeControlPlanePorts = {
  etcd: 12379,
  etcdPeer: 12380,
  apiServer: 16443,
  controllerManager: 20257,
  scheduler: 20259,
};

/** etcd, API server, controller manager and scheduler as a cluster has them, in the node's namespaces. */
export class NodeControlPlane {
  /** Address of the API server within the node. */
  readonly server: string;
  readonly caFile: string;
  readonly auditLog: string;
  readonly authority: FolderAuthority;
  private readonly options: NodeControlPlaneOptions;
  private readonly files: Files;
  private apiServer: RunningProcess | undefined;

  private constructor(options: NodeControlPlaneOptions, authority: FolderAuthority, files: Files) {
    this.options = options;
    this.authority = authority;
    this.files = files;
    this.server = `https://${addresses.node}:${options.ports.apiServer}`;
    this.caFile = authority.root.certFile;
    this.auditLog = files.auditLog;
  }

  /** Makes the keys and starts etcd and the API server, which is ready when this returns. */
  static async start(options: NodeControlPlaneOptions): Promise<NodeControlPlane> {
    const authority = await FolderAuthority.create(options.dir);
    const controlPlane = new NodeControlPlane(
      options,
      authority,
      await makeFiles(options, authority),
    );
    controlPlane.run('etcd', options.tools.etcd, etcdFlags(options));
    const args = apiServerFlags(options, authority, controlPlane.files);
    controlPlane.apiServer = controlPlane.run('kube-apiserver', options.tools.kubeApiserver, args);
    await controlPlane.apiServer.awaitReady(() => controlPlane.answersReady());
    return controlPlane;
  }

  /** Starts what turns objects into pods. */
  async startControllers({ withScheduler }: { readonly withScheduler: boolean }): Promise<void> {
    const { tools, ports } = this.options;
    const manager = await this.userKubeconfig('system:kube-controller-manager');
    this.run('kube-controller-manager', tools.kubeControllerManager, [
      `--kubeconfig=${manager}`,
      `--secure-port=${ports.controllerManager}`,
      '--leader-elect=false',
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${this.files.tokenPrivateKey}`,
      `--root-ca-file=${this.caFile}`,
      `--cluster-signing-cert-file=${this.caFile}`,
      `--cluster-signing-key-file=${this.authority.root.keyFile}`,
    ]);
    if (!withScheduler) return;
    const scheduler = await this.userKubeconfig('system:kube-scheduler');
    this.run('kube-scheduler', tools.kubeScheduler, [
      `--kubeconfig=${scheduler}`,
      `--secure-port=${ports.scheduler}`,
      '--leader-elect=false',
    ]);
  }

  /** A kubeconfig for a user with a client certificate; `server` is another address that leads there. */
  async userKubeconfig(
    user: string,
    groups: readonly string[] = [],
    server = this.server,
  ): Promise<string> {
    const name = `user-${user.replaceAll(':', '-')}`;
    const organizations = groups.map((group) => `/O=${group}`).join('');
    const pair = await this.authority.issue({ name, subject: `${organizations}/CN=${user}` });
    const file = join(this.options.dir, `${name}.kubeconfig`);
    writeKubeconfig({
      file,
      server,
      caFile: this.caFile,
      credential: { kind: 'certificate', pair },
    });
    return file;
  }

  private run(part: string, command: string, args: readonly string[]): RunningProcess {
    const { name, namespaces, processes } = this.options;
    return processes.start({ name: `${name}${part}`, ...namespaces.entering(command, args) });
  }

  private async answersReady(): Promise<boolean> {
    const { namespaces } = this.options;
    const answer = await namespaces.run('curl', [
      ...['--silent', '--max-time', '2', '--cacert', this.caFile, `${this.server}/readyz`],
    ]);
    return answer === 'ok';
  }
}

interface Files {
  readonly serving: KeyPairFiles;
  readonly kubeletClient: KeyPairFiles;
  readonly tokenPrivateKey: string;
  readonly tokenPublicKey: string;
  readonly auditPolicy: string;
  readonly auditLog: string;
}

async function makeFiles(
  { dir }: NodeControlPlaneOptions,
  authority: FolderAuthority,
): Promise<Files> {
  const ips = [addresses.node, addresses.kubernetesService, '127.0.0.1'];
  const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const subjectAltName = [...ips.map((ip) => `IP:${ip}`), ...names.map((dns) => `DNS:${dns}`)];
  const [serving, kubeletClient, tokenKey] = await Promise.all([
    authority.issue({
      ...{ name: 'serving', subject: '/CN=kube-apiserver' },
      subjectAltName: subjectAltName.join(','),
    }),
    authority.issue({
      ...{ name: 'kubelet-client', subject: '/O=system:masters/CN=kube-apiserver-kubelet-client' },
    }),
    createTokenKey(dir),
  ]);
  const policyFile = join(dir, 'audit-policy.json');
  writeFileSync(policyFile, JSON.stringify(auditPolicy));
  return {
    ...{ serving, kubeletClient },
    tokenPrivateKey: tokenKey.privateFile,
    tokenPublicKey: tokenKey.publicFile,
    auditPolicy: policyFile,
    auditLog: join(dir, 'audit.log'),
  };
}

function etcdFlags({ dir, ports }: NodeControlPlaneOptions): string[] {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    '--name=default',
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // The data of a test may be lost with the machine.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

/** There is no `--api-audiences`: the API server takes tokens for its issuer alone, as clusters do. */
function apiServerFlags(
  { ports }: NodeControlPlaneOptions,
  authority: FolderAuthority,
  files: Files,
): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    `--advertise-address=${addresses.node}`,
    `--secure-port=${ports.apiServer}`,
    `--tls-cert-file=${files.serving.certFile}`,
    `--tls-private-key-file=${files.serving.keyFile}`,
    `--client-ca-file=${authority.root.certFile}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    // The node's name is in no DNS.
    '--kubelet-preferred-address-types=InternalIP',
    `--kubelet-client-certificate=${files.kubeletClient.certFile}`,
    `--kubelet-client-key=${files.kubeletClient.keyFile}`,
    `--kubelet-certificate-authority=${authority.root.certFile}`,
    `--service-account-issuer=${tokenIssuer}`,
    `--service-account-signing-key-file=${files.tokenPrivateKey}`,
    `--service-account-key-file=${files.tokenPublicKey}`,
    `--service-cluster-ip-range=${addresses.serviceRange}`,
    `--audit-policy-file=${files.auditPolicy}`,
    `--audit-log-path=${files.auditLog}`,
  ];
}
