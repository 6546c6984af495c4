import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Processes } from '../../e2e/stack/process.ts';
import type { NodeTools } from '../tools/node-tools.ts';
import { containerdSocket } from './container-runtime.ts';
import type { NodeControlPlane } from './node-control-plane.ts';
import type { NodeNamespaces } from './node-namespaces.ts';
import { addresses } from './node-network.ts';

export const nodeName = 'node';

export interface NodeAgentsOptions {
  readonly dir: string;
  readonly tools: NodeTools;
  readonly namespaces: NodeNamespaces;
  readonly processes: Processes;
  readonly controlPlane: NodeControlPlane;
  /** Name of the cgroup that holds those of pods. */
  readonly cgroup: string;
}

/** Starts kubelet, kube-proxy and CoreDNS, which run beside the pods of the one node. */
export async function startNodeAgents(options: NodeAgentsOptions): Promise<void> {
  await Promise.all([startKubelet(options), startKubeProxy(options), startDns(options)]);
}

async function startKubelet(options: NodeAgentsOptions): Promise<void> {
  const { dir, tools, namespaces, processes, controlPlane } = options;
  const kubeconfig = await controlPlane.userKubeconfig(`system:node:${nodeName}`, ['system:nodes']);
  const serving = await controlPlane.authority.issue({
    name: 'kubelet-serving',
    subject: `/O=system:nodes/CN=system:node:${nodeName}`,
    subjectAltName: `IP:${addresses.node},DNS:${nodeName}`,
  });
  const noNameServers = join(dir, 'resolv.conf');
  writeFileSync(noNameServers, '');
  mkdirSync(join(dir, 'pod-logs'), { recursive: true });
  const config = writeConfig(dir, 'kubelet', {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: controlPlane.caFile },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: serving.certFile,
    tlsPrivateKeyFile: serving.keyFile,
    clusterDNS: [addresses.node],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    resolvConf: noNameServers,
    podLogsDir: join(dir, 'pod-logs'),
    // Machines with the first version of cgroups are still about, and systemd need not be there.
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${options.cgroup}`,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    // An image that is deleted cannot be fetched again.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': '64Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
    },
    serializeImagePulls: false,
    maxPods: 250,
    // A changed ConfigMap or Secret reaches the files of pods within this time.
    syncFrequency: '10s',
  });
  const args = [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--root-dir=${join(dir, 'kubelet')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${addresses.node}`,
  ];
  processes.start({ name: 'kubelet', ...namespaces.entering(tools.kubelet, args) });
}

async function startKubeProxy(options: NodeAgentsOptions): Promise<void> {
  const { dir, tools, namespaces, processes, controlPlane } = options;
  const config = writeConfig(dir, 'kube-proxy', {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: await controlPlane.userKubeconfig('system:kube-proxy') },
    mode: 'nftables',
    hostnameOverride: nodeName,
    clusterCIDR: addresses.podRange,
    // The sizes of the kernel's tables belong to the machine; a network namespace may not set them.
    conntrack: {
      maxPerCore: 0,
      min: 0,
      tcpEstablishedTimeout: '0s',
      tcpCloseWaitTimeout: '0s',
    },
  });
  const args = [`--config=${config}`];
  processes.start({ name: 'kube-proxy', ...namespaces.entering(tools.kubeProxy, args) });
}

/** CoreDNS answers for Services and pods at the node's address; there are no other names. */
async function startDns(options: NodeAgentsOptions): Promise<void> {
  const { dir, tools, namespaces, processes, controlPlane } = options;
  const kubeconfig = await controlPlane.userKubeconfig('system:coredns', ['system:masters']);
  const corefile = join(dir, 'Corefile');
  writeFileSync(
    corefile,
    `.:53 {
  errors
  ready ${addresses.node}:8181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
    pods insecure
    ttl 1
  }
}
`,
  );
  const args = ['-conf', corefile];
  const dns = processes.start({ name: 'coredns', ...namespaces.entering(tools.coredns, args) });
  const probe = ['--silent', '--max-time', '2', `http://${addresses.node}:8181/ready`];
  await dns.awaitReady(async () => (await namespaces.run('curl', probe)) === 'OK');
}

/** JSON is YAML. */
function writeConfig(dir: string, name: string, content: unknown): string {
  const file = join(dir, `${name}.yaml`);
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
  return file;
}
