import type { Authenticator } from '../authn/authenticator.ts';
import type { TokenReviewCache } from '../authn/token-review-cache.ts';
import { startAssignment } from './assignment.ts';
import type { Assignment } from './assignment.ts';
import { openAuthentication } from './authentication.ts';
import { startKnownClusters } from '../clusters/known-clusters.ts';
import type { KnownClustersOptions } from '../clusters/known-clusters.ts';

/** What tells who calls, and what that caller may have. */
export interface Judgement extends Assignment {
  readonly authenticator: Authenticator;
  /** Of the local cluster. */
  readonly tokenReviews: TokenReviewCache;
}

export async function startJudgement(options: KnownClustersOptions): Promise<Judgement> {
  const known = await startKnownClusters(options);
  const { registry: clusters, remotes, tokenReviews, readiness } = known;
  const assignment = await startAssignment({ ...options, remotes });
  const { worlds } = assignment;
  const authenticator = await openAuthentication({ ...options, clusters, worlds });
  return {
    ...{ ...assignment, authenticator, tokenReviews },
    readiness: [...readiness, ...assignment.readiness],
  };
}
