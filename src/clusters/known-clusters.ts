import { ClusterRegistry } from '../authn/cluster-registry.ts';
import { TokenReviewCache } from '../authn/token-review-cache.ts';
import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { connectKubernetes } from '../kube/client-node/connect-kubernetes.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import { readEmbeddedKubeconfig } from '../kube/client-node/embedded-kubeconfig.ts';
import type { Watches } from '../kube/watches.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import { openRemoteCluster } from './remote-cluster.ts';
import type { RemoteCluster } from './remote-cluster.ts';
import { readRemoteClusterScopes } from './remote-cluster-scopes.ts';
import type { RemoteClusterScope } from './remote-cluster-scopes.ts';
import { RemoteClusters } from './remote-clusters.ts';

/** The clusters that callers come from. */
export interface KnownClusters {
  readonly registry: ClusterRegistry;
  /** Undefined where there are none. */
  readonly remotes: RemoteClusters | undefined;
  /** Of the local cluster. */
  readonly tokenReviews: TokenReviewCache;
  readonly readiness: readonly ReadinessCheck[];
}

export interface KnownClustersOptions {
  readonly config: Pick<
    RaConfig,
    'cluster' | 'remoteClustersPath' | 'signerDomain' | 'podNamespace' | 'trustedNodeAccounts'
  >;
  /** The local cluster, in which the Secrets of the remote ones are too. */
  readonly kubernetes: KubernetesApi;
  readonly mesh: MeshSource;
  readonly watches: Watches;
  readonly context: StartContext;
  readonly version: string;
}

/** Istio's own label for the Secrets that `istioctl create-remote-secret` makes. */
const remoteSecrets = 'istio/multiCluster=true';
/** A remote cluster is asked about its own callers alone. */
const connections = 8;

/** Knows the local cluster, and follows the remote ones where there are any to follow. */
export async function startKnownClusters(options: KnownClustersOptions): Promise<KnownClusters> {
  const { config, kubernetes, watches, context } = options;
  const { id, aliases } = config.cluster;
  const { clock, random } = context;
  const tokenReviews = new TokenReviewCache({
    tokenReviews: kubernetes.tokenReviews,
    cluster: id,
    clock,
    random,
  });
  const registry = new ClusterRegistry({
    id,
    aliases,
    tokenReviews,
    allowedNamespaces: 'all',
    allowedSigners: 'all',
  });
  const path = config.remoteClustersPath;
  if (path === undefined) return { registry, remotes: undefined, tokenReviews, readiness: [] };
  const { signerDomain } = config;
  const localNames = [id, ...aliases];
  const scopes = await readRemoteClusterScopes(path, { signerDomain, localNames });
  const remotes = new RemoteClusters({
    scopes,
    open: (scope, kubeconfig, origin) => openByKubeconfig({ scope, kubeconfig, origin }, options),
    onChange: (clusters) => {
      registry.replaceRemotes(clusters);
    },
    log: context.log.scope('clusters'),
  });
  context.started.defer(() => remotes.stop());
  const source = kubernetes.secretSource(config.podNamespace, remoteSecrets);
  const listed = watches.start({ source, identify: (secret) => secret, handlers: remotes });
  return { registry, remotes, tokenReviews, readiness: [listed] };
}

function openByKubeconfig(
  from: {
    readonly scope: RemoteClusterScope;
    readonly kubeconfig: string;
    readonly origin: string;
  },
  { config, mesh, context: { clock, random, log }, version }: KnownClustersOptions,
): RemoteCluster {
  const access = readEmbeddedKubeconfig(from.kubeconfig, from.origin);
  const userAgent = `istio-ra/${version}`;
  return openRemoteCluster({
    scope: from.scope,
    kubernetes: connectKubernetes({ access, clock, userAgent, connections }),
    trustedNodeAccounts: config.trustedNodeAccounts,
    mesh,
    clock,
    random,
    log: log.scope('clusters'),
  });
}
