import type { Clock } from '../../base/clock.ts';
import type { AccessReviews } from '../access-reviews.ts';
import type { ResourceSource } from '../resource-source.ts';
import type { SigningRequest, SigningRequests } from '../signing-requests.ts';
import type { TokenReviews } from '../token-reviews.ts';
import { KubernetesAccessReviews } from './access-reviews-adapter.ts';
import { ApiCalls } from './api-calls.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { KubernetesResource } from './resource-sources.ts';
import { parseSigningRequest } from './signing-request-object.ts';
import { KubernetesSigningRequests } from './signing-requests-adapter.ts';
import { KubernetesTokenReviews } from './token-reviews-adapter.ts';
import { KubeTransport } from './transport.ts';

/** The ports of src/kube over one real API server. */
export interface KubernetesApi {
  readonly signingRequests: SigningRequests;
  readonly tokenReviews: TokenReviews;
  readonly accessReviews: AccessReviews;
  signingRequestSource(labelSelector: string): ResourceSource<SigningRequest>;
  /** Ends every call and watch under way; idempotent. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Such as `istio-ra/0.1.0`; it appears in the API server's audit log. */
  readonly userAgent: string;
  /** How many calls may be on their way at once; 16 where absent. */
  readonly connections?: number;
  /**
   * One HTTP/2 session in place of those connections; false where absent, because it costs half as
   * much CPU again for each call.
   */
  readonly http2?: boolean;
}

/** Opens nothing yet: the first call does. */
export function connectKubernetes(options: ConnectOptions): KubernetesApi {
  const { access, clock, userAgent, connections = 16, http2 = false } = options;
  const settings = { connections, http2 };
  const transport = new KubeTransport({ access, clock, userAgent, settings });
  const calls = new ApiCalls(transport, access.server);
  const prefix = new URL(access.server).pathname.replace(/\/$/, '');
  const signingRequestSource = (labelSelector: string): ResourceSource<SigningRequest> =>
    new KubernetesResource({
      transport,
      prefix,
      path: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
      resource: 'certificatesigningrequests',
      labelSelector,
      parse: parseSigningRequest,
    });
  return {
    signingRequests: new KubernetesSigningRequests({ calls, source: signingRequestSource }),
    tokenReviews: new KubernetesTokenReviews(calls),
    accessReviews: new KubernetesAccessReviews(calls),
    signingRequestSource,
    close: () => transport.close(),
  };
}
