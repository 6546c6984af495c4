import type { Admission } from '../admission/admission.ts';
import type { TokenReviewCache } from '../authn/token-review-cache.ts';
import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { FollowedMesh } from '../mesh/mesh-snapshot.ts';
import type { MetricsSources, SignerExpiry } from '../metrics/metrics-sources.ts';
import type { KnownIssuers } from '../ra/known-issuers.ts';
import type { CertificateService } from '../server/certificate-service.ts';
import type { GrpcServer } from '../server/grpc-server.ts';
import type { DeletionQueue } from '../signer/cleanup/deletion-queue.ts';
import type { Reaper } from '../signer/cleanup/reaper.ts';
import type { SignerLimiter } from '../signer/limits/signer-limiter.ts';
import type { SigningBackend } from '../signer/signing-backend.ts';

export interface RunningParts {
  readonly service: CertificateService;
  readonly admission: Admission;
  readonly grpc: GrpcServer;
  readonly signing: {
    readonly backend: Pick<SigningBackend, 'waiting'>;
    readonly deletions: DeletionQueue;
    readonly reaper: Reaper;
    readonly limiter: SignerLimiter;
  };
  /** Of the local cluster. */
  readonly tokenReviews: TokenReviewCache;
  readonly mesh: FollowedMesh;
  readonly issuers: KnownIssuers;
  readonly readiness: readonly ReadinessCheck[];
}

/** What the metrics are told of the parts that always run. */
export function runningSources(parts: RunningParts): MetricsSources {
  const { service, admission, grpc, tokenReviews, mesh, issuers, readiness } = parts;
  const { backend, deletions, reaper, limiter } = parts.signing;
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
      awaited: backend.waiting,
      removals: deletions.pending,
      reaped: reaper.reaped,
    }),
    circuits: () => limiter.circuits(),
    signerLoads: () => limiter.loads(),
    tokenCache: () => ({ ...tokenReviews.counts, size: tokenReviews.size }),
    meshGeneration: () => mesh.current().generation,
    configs: () => [{ config: 'mesh', ...mesh.state }],
    roots: () => rootExpiries(mesh),
    issuers: () => [...issuers.entries()].map(([signer, notAfter]) => ({ signer, notAfter })),
    readiness: () =>
      readiness.map((check) => ({
        check: check.name,
        holds: check.notReadyBecause() === undefined,
      })),
  };
}

/** The earliest end among the roots of each signer that has some. */
function rootExpiries(mesh: FollowedMesh): readonly SignerExpiry[] {
  const { trust } = mesh.current();
  return trust.signerNames.map((signer) => ({
    signer,
    notAfter: Math.min(...trust.anchorsOf(signer).map((root) => root.notAfter)),
  }));
}
