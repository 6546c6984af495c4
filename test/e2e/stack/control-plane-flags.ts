import type { KeyPairFiles } from './key-pairs.ts';

/** Where the parts of a control plane listen, all on loopback. */
export interface ControlPlanePorts {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  readonly controllerManager: number;
}

/** The files that the parts share. */
export interface ControlPlaneFiles {
  readonly etcdDir: string;
  readonly ca: KeyPairFiles;
  readonly serving: KeyPairFiles;
  readonly tokenPrivateKey: string;
  readonly tokenPublicKey: string;
  readonly auditPolicy: string;
  readonly auditLog: string;
  readonly controllerManagerKubeconfig: string;
}

export const tokenIssuer = 'https://kubernetes.default.svc.cluster.local';

/**
 * Metadata of every request, once, when it is answered: enough to count the calls that an
 * issuance costs. Health checks are nobody's calls.
 */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', nonResourceURLs: ['/readyz*', '/livez*', '/healthz*'] },
    { level: 'Metadata' },
  ],
};

/**
 * The controllers of use without nodes: no scheduler, no workloads, no signers of Kubernetes'
 * own. The rest would only take time from what is measured.
 */
const controllers = [
  'certificatesigningrequest-cleaner-controller',
  'clusterrole-aggregation-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'pod-garbage-collector-controller',
  'root-ca-certificate-publisher-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
];

export function etcdFlags(ports: ControlPlanePorts, files: ControlPlaneFiles): string[] {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    '--name=default',
    `--data-dir=${files.etcdDir}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // A test's data may be lost with the machine.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

export function apiServerFlags(ports: ControlPlanePorts, files: ControlPlaneFiles): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.apiServer}`,
    `--tls-cert-file=${files.serving.certFile}`,
    `--tls-private-key-file=${files.serving.keyFile}`,
    `--client-ca-file=${files.ca.certFile}`,
    '--authorization-mode=Node,RBAC',
    // Pods are objects here: they may name no service account, and none is mounted into them.
    '--disable-admission-plugins=ServiceAccount',
    // No --api-audiences: the issuer is the only one, as in most clusters, and a token for istio-ca is no
    // credential here.
    `--service-account-issuer=${tokenIssuer}`,
    `--service-account-signing-key-file=${files.tokenPrivateKey}`,
    `--service-account-key-file=${files.tokenPublicKey}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    // The Service "kubernetes" cannot point to loopback.
    '--endpoint-reconciler-type=none',
    `--audit-policy-file=${files.auditPolicy}`,
    `--audit-log-path=${files.auditLog}`,
  ];
}

export function controllerManagerFlags(
  ports: ControlPlanePorts,
  files: ControlPlaneFiles,
): string[] {
  return [
    `--kubeconfig=${files.controllerManagerKubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.controllerManager}`,
    `--tls-cert-file=${files.serving.certFile}`,
    `--tls-private-key-file=${files.serving.keyFile}`,
    `--controllers=${controllers.join(',')}`,
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${files.tokenPrivateKey}`,
    `--root-ca-file=${files.ca.certFile}`,
  ];
}
