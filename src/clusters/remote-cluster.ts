import { TokenReviewCache } from '../authn/token-review-cache.ts';
import type { Cluster } from '../authn/cluster-registry.ts';
import type { PodSource } from '../authz/caller-pods.ts';
import { ScopedNodeAuthorizer } from '../authz/cluster-node-authorizers.ts';
import type { NodeAuthorizer } from '../authz/granted-identity.ts';
import { PodNodeAuthorizer } from '../authz/node-authorizer.ts';
import type { TrustedNodeAccount } from '../authz/node-authorizer.ts';
import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { KubeApiError } from '../kube/api-error.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import { PodIndex } from '../kube/pod-index.ts';
import type { Pod } from '../kube/objects.ts';
import { SupervisedWatch } from '../kube/supervised-watch.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import type { RemoteClusterScope } from './remote-cluster-scopes.ts';

/** A remote cluster with what it takes to ask it. */
export interface RemoteCluster {
  readonly cluster: Cluster;
  /** Undefined where the cluster cannot be asked. */
  readonly pods: PodSource | undefined;
  /** Undefined where no node account is trusted. */
  readonly nodeAuthorizer: NodeAuthorizer | undefined;
  /** Ends what it has under way with the cluster, and its connections. Never rejects. */
  close(): Promise<void>;
}

export interface RemoteClusterOptions {
  readonly scope: RemoteClusterScope;
  readonly kubernetes: KubernetesApi;
  readonly trustedNodeAccounts: readonly TrustedNodeAccount[];
  readonly mesh: MeshSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Nothing is asked of the cluster yet, but for its pods where node accounts are trusted. */
export function openRemoteCluster(options: RemoteClusterOptions): RemoteCluster {
  const { scope, kubernetes, clock, random } = options;
  const log = options.log.child({ cluster: scope.id });
  const index = new PodIndex();
  const pods = { pods: index, lookup: kubernetes.podLookup };
  const trusted = options.trustedNodeAccounts;
  const watch = trusted.length === 0 ? undefined : watchPods(index, { ...options, log });
  const { mesh } = options;
  const authorizer = new PodNodeAuthorizer({ ...pods, trusted, mesh, clock });
  return {
    cluster: {
      ...scope,
      tokenReviews: new TokenReviewCache({
        tokenReviews: kubernetes.tokenReviews,
        cluster: scope.id,
        clock,
        random,
      }),
    },
    pods,
    nodeAuthorizer: watch === undefined ? undefined : new ScopedNodeAuthorizer(authorizer, scope),
    close: async () => {
      try {
        await watch?.stop();
        await kubernetes.close();
      } catch (error) {
        log.warn('a remote cluster was not left as it should be', { error });
      }
    },
  };
}

/** Stands in for a cluster that cannot be asked: its callers shall come again. */
export function unusableRemoteCluster(scope: RemoteClusterScope, because: string): RemoteCluster {
  const review = (): Promise<never> =>
    Promise.reject(
      new KubeApiError(`the cluster cannot be asked: ${because}`, {
        status: undefined,
        reason: 'NotConnected',
        verb: 'create',
        resource: 'tokenreviews',
      }),
    );
  return {
    cluster: { ...scope, tokenReviews: { review } },
    pods: undefined,
    nodeAuthorizer: undefined,
    close: () => Promise.resolve(),
  };
}

function watchPods(
  index: PodIndex,
  { kubernetes, clock, random, log }: RemoteClusterOptions,
): SupervisedWatch<Pod> {
  const watch = new SupervisedWatch<Pod>({
    source: kubernetes.podSource(),
    identify: (pod) => pod,
    handlers: index,
    clock,
    random,
    log,
  });
  watch.start();
  return watch;
}
