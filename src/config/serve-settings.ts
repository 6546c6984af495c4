import { logLevels } from '../base/logger.ts';
import type { LogLevel } from '../base/logger.ts';
import { parseListenAddress } from '../base/listen-address.ts';
import { parseGoDuration } from '../base/go-duration.ts';
import type { Setting } from './setting.ts';

const text = (value: string): string => value;

/** Stays text: the server reads it where it listens. */
function listenAddress(value: string): string {
  parseListenAddress(value);
  return value;
}

function file(flag: string, help: string, extra: Partial<Setting<string>> = {}): Setting<string> {
  return { flag, help, placeholder: '<file>', parse: text, ...extra };
}

function oneOf<T extends string>(allowed: readonly T[]): (value: string) => T {
  return (value) => {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw new Error(`must be one of ${allowed.join(', ')}`);
    return found;
  };
}

function list(value: string): readonly string[] {
  const items = value.split(',').map((item) => item.trim());
  const kept = items.filter((item) => item !== '');
  if (kept.length === 0) throw new Error('must name at least one');
  return kept;
}

function nodeAccounts(
  value: string,
): readonly { readonly namespace: string; readonly serviceAccount: string }[] {
  return list(value).map((item) => {
    const [namespace = '', serviceAccount = '', ...rest] = item.split('/');
    if (namespace === '' || serviceAccount === '' || rest.length > 0) {
      throw new Error('must be <namespace>/<service account>, several joined by commas');
    }
    return { namespace, serviceAccount };
  });
}

function ttlSeconds(value: string): number {
  const seconds = Math.floor(parseGoDuration(value) / 1000);
  if (seconds < 600) throw new Error('must be at least 10m, the least that Kubernetes takes');
  return seconds;
}

function positiveInteger(value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) throw new Error('must be a whole number above 0');
  return Number(value);
}

function boolean(value: string): boolean {
  return oneOf(['true', 'false'] as const)(value) === 'true';
}

function positiveMs(value: string): number {
  const ms = parseGoDuration(value);
  if (ms < 1000) throw new Error('must be at least 1s');
  return ms;
}

/**
 * The settings of `serve`. Flags and variables carry istiod's names where istiod has them, so that
 * what its users know keeps its meaning.
 */
export const serveSettings = {
  kubeconfig: file('kubeconfig', 'kubeconfig of the cluster; else KUBECONFIG, else the pod'),
  kubeconfigVariable: {
    env: 'KUBECONFIG',
    help: 'kubeconfig files of the cluster where --kubeconfig is absent',
    placeholder: '<files>',
    parse: text,
  },
  kubernetesHost: {
    env: 'KUBERNETES_SERVICE_HOST',
    help: 'set by Kubernetes in a pod: the API server, reached with the account of the pod',
    placeholder: '<host>',
    parse: text,
  },
  kubernetesPort: {
    env: 'KUBERNETES_SERVICE_PORT',
    help: 'set by Kubernetes in a pod',
    placeholder: '<port>',
    fallback: '443',
    parse: text,
  },
  meshConfig: file('meshConfig', "Istio's mesh config", { fallback: './etc/istio/config/mesh' }),
  secureGrpcAddress: {
    flag: 'secureGRPCAddr',
    help: 'where CreateCertificate is served, over TLS',
    placeholder: '<host:port>',
    fallback: ':15012',
    parse: listenAddress,
  },
  httpAddress: {
    flag: 'httpAddr',
    help: 'where /ready and /healthz are served',
    placeholder: '<host:port>',
    fallback: ':8080',
    parse: listenAddress,
  },
  monitoringAddress: {
    flag: 'monitoringAddr',
    help: 'where /version is served',
    placeholder: '<host:port>',
    fallback: ':15014',
    parse: listenAddress,
  },
  tlsCertFile: file('tlsCertFile', 'serving certificate chain, PEM', {
    fallback: './var/run/secrets/istiod/tls/tls.crt',
  }),
  tlsKeyFile: file('tlsKeyFile', 'private key of the serving certificate, PEM', {
    fallback: './var/run/secrets/istiod/tls/tls.key',
  }),
  caCertFile: file('caCertFile', 'taken for the sake of istiod, without effect'),
  clientCertIdentities: {
    env: 'CLIENT_CERT_IDENTITIES',
    help: 'who may renew by certificate: SPIFFE URIs and ns/<namespace>/*; absent: nobody',
    placeholder: '<uri,ns/name/*,…>',
    parse: list,
  },
  oidcIssuers: {
    ...file('oidcIssuers', 'issuers of tokens that no API server reviews; see the README'),
    env: 'OIDC_ISSUERS',
  },
  remoteClusters: {
    ...file('remoteClusters', 'remote clusters, and what each is good for; see the README'),
    env: 'REMOTE_CLUSTERS',
  },
  certSignerDomain: {
    env: 'CERT_SIGNER_DOMAIN',
    help: 'what short signer names stand under',
    placeholder: '<domain>',
    parse: text,
  },
  k8sSigner: {
    env: 'K8S_SIGNER',
    help: 'full name of the signer for requests that name none',
    placeholder: '<domain/path>',
    parse: text,
  },
  signerPolicy: file(
    'signerPolicy',
    'rules for who gets which signer; read again when it changes',
    {
      env: 'SIGNER_POLICY',
    },
  ),
  proxyConfigs: {
    env: 'PROXY_CONFIGS',
    help: 'whether ProxyConfigs assign signers: watch or ignore',
    placeholder: '<how>',
    fallback: 'watch',
    parse: oneOf(['watch', 'ignore'] as const),
  },
  trustedNodeAccounts: {
    env: 'CA_TRUSTED_NODE_ACCOUNTS',
    help: 'node agents that may ask for the pods of their node, such as istio-system/ztunnel',
    placeholder: '<ns/account,…>',
    parse: nodeAccounts,
  },
  clusterAliases: {
    flag: 'clusterAliases',
    help: 'other ids by which clients name this cluster',
    placeholder: '<a,b>',
    parse: list,
  },
  approval: {
    env: 'CSR_APPROVAL',
    help: 'who approves certificate requests: self or external',
    placeholder: '<who>',
    fallback: 'self',
    parse: oneOf(['self', 'external'] as const),
  },
  tokenAudiences: {
    env: 'TOKEN_AUDIENCES',
    help: 'audiences of which a token must carry one',
    placeholder: '<a,b>',
    fallback: 'istio-ca',
    parse: list,
  },
  clusterId: {
    env: 'CLUSTER_ID',
    help: 'the id by which clients name this cluster',
    placeholder: '<id>',
    fallback: 'Kubernetes',
    parse: text,
  },
  podNamespace: {
    env: 'POD_NAMESPACE',
    help: 'the namespace this runs in',
    placeholder: '<name>',
    fallback: 'istio-system',
    parse: text,
  },
  podName: {
    env: 'POD_NAME',
    help: 'the name of this replica; made up where absent',
    placeholder: '<name>',
    parse: text,
  },
  defaultTtlSeconds: {
    env: 'DEFAULT_WORKLOAD_CERT_TTL',
    help: 'validity when the client asks for none',
    placeholder: '<duration>',
    fallback: '24h',
    parse: ttlSeconds,
  },
  maxTtlSeconds: {
    env: 'MAX_WORKLOAD_CERT_TTL',
    help: 'longest validity that may be asked for',
    placeholder: '<duration>',
    fallback: '2160h',
    parse: ttlSeconds,
  },
  requestBudgetMs: {
    env: 'REQUEST_BUDGET',
    help: 'how long one request may take; by default 60s, and 5m with external approval',
    placeholder: '<duration>',
    parse: positiveMs,
  },
  auditLog: {
    env: 'AUDIT_LOG',
    help: 'where audit lines go: stdout, or the path of a file of this replica alone',
    placeholder: '<where>',
    fallback: 'stdout',
    parse: text,
  },
  auditMaxMegabytes: {
    env: 'AUDIT_LOG_MAX_MEGABYTES',
    help: 'an audit file is rotated before it grows beyond this',
    placeholder: '<number>',
    fallback: '100',
    parse: positiveInteger,
  },
  auditMaxFiles: {
    env: 'AUDIT_LOG_MAX_FILES',
    help: 'how many rotated audit files are kept',
    placeholder: '<number>',
    fallback: '10',
    parse: positiveInteger,
  },
  auditFsync: {
    env: 'AUDIT_LOG_FSYNC',
    help: 'approve only when the disk has the intent: true or false',
    placeholder: '<bool>',
    fallback: 'false',
    parse: boolean,
  },
  reflection: {
    flag: 'grpcReflection',
    help: 'serve gRPC reflection: true or false',
    placeholder: '<bool>',
    fallback: 'false',
    parse: boolean,
  },
  logLevel: {
    flag: 'logLevel',
    help: `least severe lines to print: ${logLevels.join(', ')}`,
    placeholder: '<level>',
    fallback: 'info',
    parse: oneOf<LogLevel>(logLevels),
  },
} satisfies Record<string, Setting<unknown>>;
