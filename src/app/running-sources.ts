import type { Admission } from '../admission/admission.ts';
import type { TokenReviewCache } from '../authn/token-review-cache.ts';
import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { FollowedMesh } from '../mesh/mesh-snapshot.ts';
import type { MetricsSources } from '../metrics/metrics-sources.ts';
import type { KnownIssuers } from '../ra/known-issuers.ts';
import type { CertificateService } from '../server/certificate-service.ts';
import type { GrpcServer } from '../server/grpc-server.ts';
import { issuerExpiries, rootExpiries } from './expiry-sources.ts';
import type { Signing } from './signing.ts';

export interface RunningParts {
  readonly service: CertificateService;
  readonly admission: Admission;
  readonly grpc: GrpcServer;
  readonly signing: Signing;
  readonly tokenReviews: TokenReviewCache;
  readonly mesh: FollowedMesh;
  readonly issuers: KnownIssuers;
  readonly readiness: readonly ReadinessCheck[];
}

/** What the metrics are told of the parts that always run. */
export function runningSources(parts: RunningParts): MetricsSources {
  const { service, admission, grpc, signing, tokenReviews, mesh, issuers, readiness } = parts;
  const { feed, deletions, reaper } = signing;
  return {
    callsInFlight: () => service.inFlight,
    connections: () => grpc.connections,
    queue: () => {
      const { authentication, work } = admission.counts;
      return {
        waiting: authentication.waiting + work.waiting,
        inFlight: authentication.inFlight + work.inFlight,
      };
    },
    signing: () => ({
      awaited: feed.waiting,
      removals: deletions.pending,
      reaped: reaper.reaped,
    }),
    circuits: () => signing.limiter.circuits(),
    signerLoads: () => signing.limiter.loads(),
    tokenCache: () => ({ ...tokenReviews.counts, size: tokenReviews.size }),
    meshGeneration: () => mesh.current().generation,
    configs: () => [{ config: 'mesh', ...mesh.state }],
    roots: () => rootExpiries(mesh),
    issuers: () => issuerExpiries(issuers),
    readiness: () =>
      readiness.map((check) => ({
        check: check.name,
        holds: check.notReadyBecause() === undefined,
      })),
  };
}
