import { randomUUID } from 'node:crypto';
import type { LogLevel } from '../base/logger.ts';
import { parseSignerDomain, parseSignerName } from '../mesh/signer-name.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import { serveSettings } from './serve-settings.ts';
import { SettingReader } from './setting.ts';
import type { Setting, SettingTexts } from './setting.ts';

/** Everything that `serve` was told, checked. */
export interface RaConfig {
  readonly kubernetes: {
    readonly kubeconfigPath: string | undefined;
    readonly kubeconfigVariable: string | undefined;
    readonly pod: { readonly host: string; readonly port: string } | undefined;
  };
  readonly meshConfigPath: string;
  readonly secureGrpcAddress: string;
  readonly httpAddress: string;
  readonly monitoringAddress: string;
  readonly tls: {
    readonly certFile: string;
    readonly keyFile: string;
    readonly clientRootsFile: string | undefined;
  };
  readonly signerDomain: string | undefined;
  readonly defaultSigner: SignerName | undefined;
  readonly signerPolicyPath: string | undefined;
  readonly proxyConfigs: 'watch' | 'ignore';
  readonly trustedNodeAccounts: readonly {
    readonly namespace: string;
    readonly serviceAccount: string;
  }[];
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
  /** Our name among the replicas: a label value. */
  readonly replica: string;
  readonly lifetime: { readonly defaultTtlSeconds: number; readonly maxTtlSeconds: number };
  readonly requestBudgetMs: number;
  readonly audit: AuditConfig;
  readonly reflection: boolean;
  readonly logLevel: LogLevel;
}

/** Where the audit lines go. */
export interface AuditConfig {
  /** `stdout`, or the path of a file. */
  readonly target: string;
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly fsync: boolean;
}

const budgetMs = { self: 60_000, external: 300_000 };

/** Kubernetes label values end here, and a pod's name may be longer. */
const longestLabelValue = 63;

function checked<T>(
  reader: SettingReader,
  setting: Setting<string>,
  parse: (text: string) => T,
): T | undefined {
  return reader.read({ ...setting, parse });
}

function replicaName(podName: string | undefined): string {
  const name = podName ?? `istio-ra-${randomUUID().slice(0, 8)}`;
  // The end of a pod's name is what tells replicas apart.
  return name.slice(-longestLabelValue).replace(/^[^A-Za-z0-9]+/, '');
}

/** What a required setting holds; the reader has already noted what is wrong with it. */
function orNothing<T>(value: T | undefined): T {
  return value as T;
}

function readAudit(reader: SettingReader): AuditConfig {
  const { auditLog, auditMaxMegabytes, auditMaxFiles, auditFsync } = serveSettings;
  return {
    target: orNothing(reader.read(auditLog)),
    maxBytes: orNothing(reader.read(auditMaxMegabytes)) * 1_048_576,
    maxFiles: orNothing(reader.read(auditMaxFiles)),
    fsync: orNothing(reader.read(auditFsync)),
  };
}

function readCluster(reader: SettingReader): RaConfig['cluster'] {
  const id = orNothing(reader.read(serveSettings.clusterId));
  return { id, aliases: reader.read(serveSettings.clusterAliases) ?? [] };
}

function readPod(reader: SettingReader): RaConfig['kubernetes']['pod'] {
  const host = reader.read(serveSettings.kubernetesHost);
  const port = orNothing(reader.read(serveSettings.kubernetesPort));
  return host === undefined ? undefined : { host, port };
}

/** Throws ConfigError with every problem at once, each with its source. */
export function parseRaConfig(texts: SettingTexts): RaConfig {
  const reader = new SettingReader(texts);
  const s = serveSettings;
  const approval = reader.read(s.approval) ?? 'self';
  const config: RaConfig = {
    kubernetes: {
      kubeconfigPath: reader.read(s.kubeconfig),
      kubeconfigVariable: reader.read(s.kubeconfigVariable),
      pod: readPod(reader),
    },
    meshConfigPath: orNothing(reader.read(s.meshConfig)),
    secureGrpcAddress: orNothing(reader.read(s.secureGrpcAddress)),
    httpAddress: orNothing(reader.read(s.httpAddress)),
    monitoringAddress: orNothing(reader.read(s.monitoringAddress)),
    tls: {
      certFile: orNothing(reader.read(s.tlsCertFile)),
      keyFile: orNothing(reader.read(s.tlsKeyFile)),
      clientRootsFile: reader.read(s.caCertFile),
    },
    signerDomain: checked(reader, s.certSignerDomain, parseSignerDomain),
    defaultSigner: checked(reader, s.k8sSigner, parseSignerName),
    signerPolicyPath: reader.read(s.signerPolicy),
    proxyConfigs: orNothing(reader.read(s.proxyConfigs)),
    trustedNodeAccounts: reader.read(s.trustedNodeAccounts) ?? [],
    approval,
    tokenAudiences: orNothing(reader.read(s.tokenAudiences)),
    cluster: readCluster(reader),
    clientCertIdentities: reader.read(s.clientCertIdentities) ?? [],
    oidcIssuersPath: reader.read(s.oidcIssuers),
    remoteClustersPath: reader.read(s.remoteClusters),
    podNamespace: orNothing(reader.read(s.podNamespace)),
    replica: replicaName(reader.read(s.podName)),
    lifetime: {
      defaultTtlSeconds: orNothing(reader.read(s.defaultTtlSeconds)),
      maxTtlSeconds: orNothing(reader.read(s.maxTtlSeconds)),
    },
    requestBudgetMs: reader.read(s.requestBudgetMs) ?? budgetMs[approval],
    audit: readAudit(reader),
    reflection: orNothing(reader.read(s.reflection)),
    logLevel: orNothing(reader.read(s.logLevel)),
  };
  rejectContradictions(reader, config);
  reader.finish();
  return Object.freeze(config);
}

function rejectContradictions(reader: SettingReader, config: RaConfig): void {
  const { defaultTtlSeconds, maxTtlSeconds } = config.lifetime;
  if (defaultTtlSeconds > maxTtlSeconds) {
    reader.reject('DEFAULT_WORKLOAD_CERT_TTL', 'is longer than MAX_WORKLOAD_CERT_TTL');
  }
  if (!reader.isSet(serveSettings.certSignerDomain) && !reader.isSet(serveSettings.k8sSigner)) {
    const problem = 'set it, or K8S_SIGNER: without either no request can name a signer';
    reader.reject('CERT_SIGNER_DOMAIN', problem);
  }
}
