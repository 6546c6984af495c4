import type { Clock } from '../base/clock.ts';
import type { AccessReviews, SelfReviews, TokenReviews } from '../kube/reviews.ts';
import type { ClusterInspection } from '../kube/cluster-inspection.ts';
import type { IssuerStatuses } from '../kube/issuers.ts';
import type { RequestEvents } from '../kube/request-events.ts';
import type { SigningRequests } from '../kube/signing-requests.ts';

/** What the checks ask the outer world. */
export interface CheckPorts {
  readonly inspection: ClusterInspection;
  readonly accessReviews: AccessReviews;
  readonly selfReviews: SelfReviews;
  readonly issuerStatuses: IssuerStatuses;
  readonly requestEvents: RequestEvents;
  readonly signingRequests: SigningRequests;
  readonly tokenReviews: TokenReviews;
  /** The server's clock less ours at its last answer; undefined before any. */
  readonly clockSkewMs: () => number | undefined;
  /** A file of this machine; undefined where there is none. Rejects where it cannot be read. */
  readonly readText: (path: string) => Promise<string | undefined>;
  readonly clock: Clock;
}
