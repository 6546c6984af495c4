import { randomUUID } from 'node:crypto';
import type { TrustedNodeAccount } from '../authz/node-authorizer.ts';
import { deepFreeze } from '../base/deep-freeze.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import type { TracingSettings } from '../tracing/tracing-settings.ts';
import { readAudit } from './audit-settings.ts';
import type { AuditConfig } from './audit-settings.ts';
import { readKubernetes, readRevision } from './cluster-settings.ts';
import type { KubernetesConfig } from './cluster-settings.ts';
import { readClusterTrustBundles, readRootDistribution } from './distribution-settings.ts';
import { readDrain } from './drain-settings.ts';
import type { DrainConfig } from './drain-settings.ts';
import { readPassThrough } from './pass-through-settings.ts';
import type { PassThroughConfig } from './pass-through-settings.ts';
import { readIstiodSettings } from './istiod-settings.ts';
import { readLoad } from './load-settings.ts';
import type { LoadConfig } from './load-settings.ts';
import { readLogging } from './logging-settings.ts';
import type { LoggingConfig } from './logging-settings.ts';
import { readMeshSource } from './mesh-settings.ts';
import type { MeshSourceConfig } from './mesh-settings.ts';
import { serveSettings, settingNames } from './serve-settings.ts';
import { readServing, readTlsPolicy } from './serving-settings.ts';
import type { ServingConfig, TlsPolicyConfig } from './serving-settings.ts';
import { SettingReader } from './setting.ts';
import type { SettingTexts } from './setting.ts';
import { readTracing } from './open-telemetry-settings.ts';

/** Everything that `serve` was told, checked. */
export interface RaConfig {
  readonly kubernetes: KubernetesConfig;
  readonly meshSource: MeshSourceConfig;
  /** The ConfigMap whose mesh config lies under the other one; undefined: none does. */
  readonly sharedConfigMapName: string | undefined;
  /** Whether caCertificates without certSigners are sent to every workload. */
  readonly trustUnboundRoots: boolean;
  readonly secureGrpcAddress: string;
  readonly httpAddress: string;
  readonly monitoringAddress: string;
  /** An address of this machine alone. */
  readonly debugAddress: string;
  readonly serving: ServingConfig;
  /** Further DNS names of the control plane. */
  readonly customHosts: readonly string[];
  readonly tlsPolicy: TlsPolicyConfig;
  readonly signerDomain: string | undefined;
  readonly defaultSigner: SignerName | undefined;
  readonly signerPolicyPath: string | undefined;
  readonly proxyConfigs: 'watch' | 'ignore';
  readonly trustedNodeAccounts: readonly TrustedNodeAccount[];
  readonly approval: 'self' | 'external';
  readonly tokenAudiences: readonly string[];
  readonly cluster: { readonly id: string; readonly aliases: readonly string[] };
  /** Who may prove itself by certificate; empty: nobody. */
  readonly clientCertIdentities: readonly string[];
  /** Undefined: all tokens are reviewed by API servers. */
  readonly oidcIssuersPath: string | undefined;
  /** Undefined: there is the local cluster alone. */
  readonly remoteClustersPath: string | undefined;
  readonly podNamespace: string;
  /** The service account this runs with, in `podNamespace`; undefined where nobody said so. */
  readonly serviceAccount: string | undefined;
  /** Of the control plane; empty: the one without a name. */
  readonly revision: string;
  /** Our name among the replicas: a label value. */
  readonly replica: string;
  /** False: this replica is the only one. */
  readonly leaderElection: boolean;
  /** The Lease by which replicas agree who leads; in `podNamespace`. */
  readonly leaseName: string;
  /** Undefined: the roots of the control plane are not distributed. */
  readonly rootDistribution: { readonly configMapName: string } | undefined;
  readonly clusterTrustBundles: boolean;
  /** The Secret for the istiods of our namespace; undefined: there is none. */
  readonly istiodTlsSecret: string | undefined;
  /** Undefined: there is no istiod behind us. */
  readonly front: PassThroughConfig | undefined;
  readonly lifetime: { readonly defaultTtlSeconds: number; readonly maxTtlSeconds: number };
  /** Whether a key that another identity has used is refused, and not only told of. */
  readonly denyKeyReuse: boolean;
  readonly requestBudgetMs: number;
  readonly load: LoadConfig;
  readonly drain: DrainConfig;
  readonly audit: AuditConfig;
  readonly reflection: boolean;
  readonly logging: LoggingConfig;
  /** Undefined: requests are not traced. */
  readonly tracing: TracingSettings | undefined;
  /** Names of what was set for istiod's sake and means nothing here. */
  readonly withoutEffect: readonly string[];
}

const budgetMs = { self: 60_000, external: 300_000 };

/** Kubernetes label values end here, and a pod's name may be longer. */
const maxLabelValueLength = 63;

function replicaName(podName: string | undefined): string {
  const name = podName ?? `istio-ra-${randomUUID().slice(0, 8)}`;
  // The end of a pod's name is what tells replicas apart.
  return name.slice(-maxLabelValueLength).replace(/^[^A-Za-z0-9]+/, '');
}

/** Throws ConfigError with every problem at once, each with its source. */
export function parseRaConfig(texts: SettingTexts): RaConfig {
  const reader = new SettingReader(texts);
  const config: RaConfig = {
    ...readPlace(reader),
    ...readListening(reader),
    ...readSigning(reader),
    ...readCallers(reader),
    ...readDistribution(reader),
    load: readLoad(reader),
    drain: readDrain(reader),
    audit: readAudit(reader),
    logging: readLogging(reader),
    tracing: readTracing(reader),
    withoutEffect: readIstiodSettings(reader, new Set(settingNames.flat())),
  };
  rejectContradictions(reader, config);
  reader.finish();
  return deepFreeze(config);
}

const s = serveSettings;

function readPlace(reader: SettingReader) {
  const podNamespace = reader.need(s.podNamespace);
  const revision = readRevision(reader);
  const id = reader.need(s.clusterId);
  return {
    kubernetes: readKubernetes(reader),
    cluster: { id, aliases: reader.read(s.clusterAliases) ?? [] },
    podNamespace,
    revision,
    serviceAccount: reader.read(s.serviceAccount),
    replica: replicaName(reader.read(s.podName)),
    leaderElection: reader.need(s.leaderElection),
    leaseName: revision === '' ? 'istio-ra-leader' : `istio-ra-leader-${revision}`,
    meshSource: readMeshSource(reader, { namespace: podNamespace, revision }),
    sharedConfigMapName: reader.read(s.sharedMeshConfig),
    trustUnboundRoots: reader.need(s.trustUnboundRoots),
  };
}

function readListening(reader: SettingReader) {
  return {
    secureGrpcAddress: reader.need(s.secureGrpcAddress),
    httpAddress: reader.need(s.httpAddress),
    monitoringAddress: reader.need(s.monitoringAddress),
    debugAddress: reader.need(s.debugAddress),
    reflection: reader.need(s.reflection),
    serving: readServing(reader),
    customHosts: reader.read(s.customHosts) ?? [],
    tlsPolicy: readTlsPolicy(reader),
    front: readPassThrough(reader),
  };
}

function readSigning(reader: SettingReader) {
  const approval = reader.need(s.approval);
  return {
    signerDomain: reader.read(s.certSignerDomain),
    defaultSigner: reader.read(s.k8sSigner),
    signerPolicyPath: reader.read(s.signerPolicy),
    proxyConfigs: reader.need(s.proxyConfigs),
    approval,
    lifetime: {
      defaultTtlSeconds: reader.need(s.defaultTtlSeconds),
      maxTtlSeconds: reader.need(s.maxTtlSeconds),
    },
    denyKeyReuse: reader.need(s.denyKeyReuse),
    requestBudgetMs: reader.read(s.requestBudgetMs) ?? budgetMs[approval],
  };
}

function readCallers(reader: SettingReader) {
  return {
    trustedNodeAccounts: reader.read(s.trustedNodeAccounts) ?? [],
    tokenAudiences: reader.need(s.tokenAudiences),
    clientCertIdentities: reader.read(s.clientCertIdentities) ?? [],
    oidcIssuersPath: reader.read(s.oidcIssuers),
    remoteClustersPath: reader.read(s.remoteClusters),
  };
}

function readDistribution(reader: SettingReader) {
  return {
    rootDistribution: readRootDistribution(reader),
    clusterTrustBundles: readClusterTrustBundles(reader),
    istiodTlsSecret: reader.read(s.istiodTlsSecret),
  };
}

function rejectContradictions(reader: SettingReader, config: RaConfig): void {
  const { defaultTtlSeconds, maxTtlSeconds } = config.lifetime;
  if (defaultTtlSeconds > maxTtlSeconds) {
    reader.reject('DEFAULT_WORKLOAD_CERT_TTL', 'is longer than MAX_WORKLOAD_CERT_TTL');
  }
  if (!reader.isGiven(s.certSignerDomain) && !reader.isGiven(s.k8sSigner)) {
    const problem = 'set it, or K8S_SIGNER: without either no request can name a signer';
    reader.reject('CERT_SIGNER_DOMAIN', problem);
  }
  rejectWithoutFront(reader, config);
}

function rejectWithoutFront(reader: SettingReader, { front, serving }: RaConfig): void {
  if (front !== undefined && serving.kind === 'none') {
    const problem = 'cannot stand in front of an istiod without TLS: let PILOT_CERT_PROVIDER sign';
    reader.reject('ISTIOD_UPSTREAM', problem);
  }
  if (front !== undefined || reader.isGiven(s.istiodUpstream)) return;
  for (const setting of [
    s.istiodUpstreamRoots,
    s.istiodUpstreamServerName,
    s.istiodUpstreamWebhookPort,
  ]) {
    if (reader.isGiven(setting)) reader.reject(setting.env, 'is of no use without ISTIOD_UPSTREAM');
  }
}
