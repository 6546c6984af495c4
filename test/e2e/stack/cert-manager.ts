import {
  clusterResourceNamespace,
  issuerManifests,
  namespaceOfSecret,
  secretOf,
  selfSignedIssuer,
  signerNameOf,
  type IssuerRef,
} from './cert-manager-issuers.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Manifest } from './kubectl.ts';
import type { Processes, RunningProcess } from './process.ts';
import type { Tools } from './tools.ts';

export interface CertManagerOptions {
  readonly controlPlane: ControlPlane;
  readonly tools: Tools;
  readonly processes: Processes;
  /** Default: ClusterIssuers istio-system, foo and bar, and an Issuer own in namespace foo. */
  readonly issuers?: readonly IssuerRef[];
  /** Client-side limits of the signers; they bind only where the API server runs without Priority and Fairness. */
  readonly limits?: { readonly qps: number; readonly burst: number };
}

/** An issuer that is ready, and the root that its certificates end in. */
export interface ReadyIssuer {
  readonly ref: IssuerRef;
  readonly signerName: string;
  readonly rootPem: string;
}

const defaultIssuers: readonly IssuerRef[] = [
  { kind: 'ClusterIssuer', name: 'istio-system' },
  { kind: 'ClusterIssuer', name: 'foo' },
  { kind: 'ClusterIssuer', name: 'bar' },
  { kind: 'Issuer', name: 'own', namespace: 'foo' },
];

/** Namespaces of the walk-through; the API server makes the others by itself. */
const namespaces = [clusterResourceNamespace, 'istio-system', 'foo', 'bar'];

/** cert-manager's signers, with issuers that are ready. */
export class CertManager {
  private readonly options: CertManagerOptions;
  private readonly ready = new Map<string, ReadyIssuer>();
  private signers: RunningProcess | undefined;

  /** Use `startCertManager`. */
  constructor(options: CertManagerOptions) {
    this.options = options;
  }

  /** All issuers that were set up here. */
  get issuers(): readonly ReadyIssuer[] {
    return [...this.ready.values()];
  }

  /** One of them, by signer name or, for a ClusterIssuer, by its own name; throws where there is none. */
  issuer(name: string): ReadyIssuer {
    const found = this.ready.get(name) ?? this.ready.get(`clusterissuers.cert-manager.io/${name}`);
    if (!found)
      throw new Error(`no issuer ${name}: there are ${[...this.ready.keys()].join(', ')}`);
    return found;
  }

  /** Makes CAs and their issuers, waits until cert-manager calls them ready, and reads their roots. */
  async addIssuers(refs: readonly IssuerRef[]): Promise<void> {
    const { kubectl } = this.options.controlPlane;
    await kubectl.apply([selfSignedIssuer(), ...refs.flatMap(issuerManifests)]);
    for (const ref of refs) {
      const namespace = `--namespace=${namespaceOfSecret(ref)}`;
      await kubectl.run(
        'wait',
        '--for=condition=Ready',
        '--timeout=60s',
        namespace,
        `${ref.kind.toLowerCase()}/${ref.name}`,
      );
      const secret = await kubectl.get<{ readonly data: Readonly<Record<string, string>> }>(
        'secret',
        secretOf(ref),
        namespace,
      );
      const rootPem = Buffer.from(secret.data['tls.crt'] ?? '', 'base64').toString();
      const signerName = signerNameOf(ref);
      this.ready.set(signerName, { ref, signerName, rootPem });
    }
  }

  /** Starts the signers; they take up what was asked for while they were away. */
  startSigners(): void {
    const { controlPlane, tools, processes, limits } = this.options;
    const flags = limits ? [`--qps=${limits.qps}`, `--burst=${limits.burst}`] : [];
    this.signers = processes.start({
      name: 'cert-manager-signers',
      command: tools.certManagerSigners,
      args: [
        `--kubeconfig=${controlPlane.kubeconfigPath('cert-manager')}`,
        `--cluster-resource-namespace=${clusterResourceNamespace}`,
        ...flags,
      ],
    });
  }

  /** Ends the signers: what is asked for meanwhile stays unanswered. */
  async stopSigners(): Promise<void> {
    await this.signers?.stop();
  }

  /** Halts the signers without ending their connections, until `resumeSigners`. */
  pauseSigners(): void {
    this.signers?.signal('SIGSTOP');
  }

  /** Lets paused signers go on. */
  resumeSigners(): void {
    this.signers?.signal('SIGCONT');
  }
}

/** Installs cert-manager's and ProxyConfig's definitions, starts the signers, sets up the issuers. */
export async function startCertManager(options: CertManagerOptions): Promise<CertManager> {
  const { controlPlane, tools, issuers = defaultIssuers } = options;
  const { kubectl } = controlPlane;
  await Promise.all([
    kubectl.applyFile(tools.crds.certManager),
    kubectl.applyFile(tools.crds.proxyConfig),
    kubectl.apply(namespaces.map(namespaceManifest)),
    controlPlane.userKubeconfig('cert-manager', ['system:masters']),
  ]);
  await kubectl.run('wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all');
  const certManager = new CertManager(options);
  certManager.startSigners();
  try {
    await certManager.addIssuers(issuers);
  } catch (error) {
    await certManager.stopSigners();
    throw error;
  }
  return certManager;
}

function namespaceManifest(name: string): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}
