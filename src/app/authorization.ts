import { CallerPods } from '../authz/caller-pods.ts';
import type { PodSource } from '../authz/caller-pods.ts';
import { ClusterNodeAuthorizers } from '../authz/cluster-node-authorizers.ts';
import type { NodeAuthorizer } from '../authz/granted-identity.ts';
import { PodNodeAuthorizer } from '../authz/node-authorizer.ts';
import { openSignerPolicy } from '../authz/signer-policy-file.ts';
import type { AssignmentInputSource } from '../authz/assignment-inputs.ts';
import type { ReadinessCheck } from '../base/lifecycle.ts';
import { RaError } from '../base/ra-error.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import { OptionalSource } from '../kube/optional-source.ts';
import { PodIndex } from '../kube/pod-index.ts';
import type { Watches } from '../kube/watches.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import { parseProxyConfig } from '../mesh/proxy-config.ts';
import type { Labels, ProxyConfigEntry } from '../mesh/proxy-config.ts';
import { ProxyConfigIndex } from '../mesh/proxy-config-index.ts';

/** What decides who gets which signer, with everything that keeps it up to date. */
export interface Authorization {
  readonly inputSource: AssignmentInputSource;
  readonly callerPods: CallerPods;
  /** Undefined where no node account is trusted. */
  readonly nodeAuthorizer: NodeAuthorizer | undefined;
  readonly readiness: readonly ReadinessCheck[];
}

export interface AuthorizationOptions {
  readonly config: RaConfig;
  readonly kubernetes: KubernetesApi;
  /** What is known of other clusters' pods; absent where there is the local one alone. */
  readonly remotes?: RemotePods | undefined;
  readonly mesh: MeshSource;
  readonly watches: Watches;
  readonly context: StartContext;
}

/** Undefined for clusters that are not known. */
interface RemotePods {
  podsOf(cluster: string): PodSource | undefined;
  nodeAuthorizerOf(cluster: string): NodeAuthorizer | undefined;
}

/** Opens the policy and starts the watches that the configuration needs, and no others. */
export async function startAuthorization(options: AuthorizationOptions): Promise<Authorization> {
  const { config, kubernetes, mesh, watches } = options;
  const { signerDomain, defaultSigner, signerPolicyPath } = config;
  const { clock, log, started } = options.context;
  const policy = await openSignerPolicy({ path: signerPolicyPath, signerDomain, mesh, clock, log });
  started.defer(() => policy.stop());
  const readiness: ReadinessCheck[] = [];
  const proxyConfigs = new ProxyConfigIndex();
  if (config.proxyConfigs === 'watch') readiness.push(feedProxyConfigs(proxyConfigs, options));
  const namespaces = new Map<string, Labels>();
  // Only rules ask for the labels of namespaces.
  if (signerPolicyPath !== undefined) readiness.push(feedNamespaces(namespaces, options));
  const decisive = [...readiness];
  const pods = new PodIndex();
  if (config.trustedNodeAccounts.length > 0) {
    const source = kubernetes.podSource();
    readiness.push(watches.start({ source, identify: (pod) => pod, handlers: pods }));
  }
  return {
    inputSource: {
      current: () => {
        assertRead(decisive);
        const snapshot = mesh.current();
        const { rootNamespace } = snapshot.config;
        return {
          policy: policy.current(),
          proxyConfigs: proxyConfigs.current(),
          settings: { signerDomain, defaultSigner, rootNamespace },
          mesh: snapshot,
          // A namespace of the same name in another cluster is labelled by others.
          namespaceLabels: (namespace, cluster) =>
            cluster === config.cluster.id ? namespaces.get(namespace) : undefined,
        };
      },
    },
    callerPods: callerPods(pods, options),
    nodeAuthorizer: nodeAuthorizer(pods, options),
    readiness,
  };
}

/**
 * What was never read must not count as absent: a weaker source would then speak for the caller, or
 * the caller be refused for good. The port is open before the first lists are in.
 */
function assertRead(feeds: readonly ReadinessCheck[]): void {
  for (const feed of feeds) {
    const because = feed.notReadyBecause();
    if (because !== undefined) throw new RaError('NOT_READY', because, { reason: feed.name });
  }
}

function callerPods(
  pods: PodIndex,
  { config, kubernetes, remotes }: AuthorizationOptions,
): CallerPods {
  const local = { pods, lookup: kubernetes.podLookup };
  return new CallerPods({
    podsOf: (cluster) => (cluster === config.cluster.id ? local : remotes?.podsOf(cluster)),
  });
}

function nodeAuthorizer(
  pods: PodIndex,
  { config, kubernetes, mesh, remotes, context }: AuthorizationOptions,
): NodeAuthorizer | undefined {
  const trusted = config.trustedNodeAccounts;
  if (trusted.length === 0) return undefined;
  const { clock } = context;
  const lookup = kubernetes.podLookup;
  const local = new PodNodeAuthorizer({ trusted, pods, lookup, mesh, clock });
  return new ClusterNodeAuthorizers((cluster) =>
    cluster === config.cluster.id ? local : remotes?.nodeAuthorizerOf(cluster),
  );
}

/** An object without a name cannot be told apart from others, and no API server sends one. */
function readProxyConfig(raw: unknown): ProxyConfigEntry {
  const entry = parseProxyConfig(raw);
  if (entry === undefined) throw new Error('the object is no ProxyConfig');
  return entry;
}

function feedProxyConfigs(
  index: ProxyConfigIndex,
  { kubernetes, watches, context }: AuthorizationOptions,
): ReadinessCheck {
  const source = kubernetes.proxyConfigSource(readProxyConfig);
  return watches.start<ProxyConfigEntry>({
    source: new OptionalSource(source, context.clock),
    identify: (entry) => entry,
    handlers: {
      onPut: (entry) => {
        index.put(entry);
      },
      onGone: ({ namespace = '', name, uid }) => {
        index.gone({ namespace, name, uid });
      },
    },
  });
}

function feedNamespaces(
  labels: Map<string, Labels>,
  { kubernetes, watches }: AuthorizationOptions,
): ReadinessCheck {
  return watches.start({
    source: kubernetes.namespaceSource(),
    identify: (namespace) => namespace,
    handlers: {
      onPut: (namespace) => void labels.set(namespace.name, namespace.labels),
      onGone: ({ name }) => void labels.delete(name),
    },
  });
}
