import type { Authenticator } from '../authn/authenticator.ts';
import { AuthenticatorChain } from '../authn/authenticator-chain.ts';
import { ClusterRegistry } from '../authn/cluster-registry.ts';
import { KubeTokenAuthenticator } from '../authn/kube-token-authenticator.ts';
import { TokenReviewCache } from '../authn/token-review-cache.ts';
import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { TokenReviews } from '../kube/token-reviews.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';

/** What tells who calls: tokens of the local cluster, reviewed by its API server. */
export function makeAuthenticator(options: {
  readonly config: RaConfig;
  readonly tokenReviews: TokenReviews;
  readonly mesh: MeshSource;
  readonly clock: Clock;
  readonly random: Random;
}): Authenticator {
  const { config, mesh, clock, random } = options;
  const { id, aliases } = config.cluster;
  const tokenReviews = new TokenReviewCache({
    ...{ tokenReviews: options.tokenReviews, cluster: id, clock, random },
  });
  const everything = { allowedNamespaces: 'all', allowedSigners: 'all' } as const;
  const clusters = new ClusterRegistry({ id, aliases, tokenReviews, ...everything });
  const audiences = config.tokenAudiences;
  const kubernetes = new KubeTokenAuthenticator({ clusters, mesh, audiences, clock });
  return new AuthenticatorChain({ kubernetes });
}
