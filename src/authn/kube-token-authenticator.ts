import type { Caller } from './caller.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { RaError } from '../base/ra-error.ts';
import { isForbidden, KubeApiError } from '../kube/api-error.ts';
import type { TokenReviewResult, TokenReviews } from '../kube/reviews.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import { workloadId } from '../pki/spiffe-id.ts';
import type { Authenticator, Credentials } from './authenticator.ts';
import { parseBearerToken } from './bearer-token.ts';
import type { BoundPod } from './caller.ts';
import type { ClusterRegistry } from './cluster-registry.ts';
import { parseServiceAccountUsername } from './service-account-username.ts';
import { checkNamespace } from './trust-scope.ts';

/** How long the API server may take to say whose token it is. */
const reviewTimeoutMs = 3_000;

export interface KubeTokenAuthenticatorOptions {
  readonly clusters: ClusterRegistry;
  readonly mesh: MeshSource;
  /** Audiences of which the token must carry one, such as `istio-ca`. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

/** Authenticates service accounts by their projected tokens, through the API server's TokenReview. */
export class KubeTokenAuthenticator implements Authenticator {
  readonly #options: KubeTokenAuthenticatorOptions;

  constructor(options: KubeTokenAuthenticatorOptions) {
    this.#options = options;
  }

  async authenticate(credentials: Credentials, signal: AbortSignal): Promise<Caller> {
    const { mesh, clusters } = this.#options;
    const token = parseBearerToken(credentials.authorization);
    const cluster = clusters.choose(credentials.clusterIds);
    const result = await this.#review(cluster.tokenReviews, token, signal);
    const { username } = this.#admit(result);
    const account = parseServiceAccountUsername(username);
    checkNamespace(cluster, account.namespace);
    return {
      identity: workloadId({ trustDomain: mesh.current().config.trustDomain, ...account }),
      method: 'kubernetes-token',
      cluster: cluster.id,
      pod: boundPod(result),
      allowedSigners: cluster.allowedSigners,
    };
  }

  async #review(
    tokenReviews: TokenReviews,
    token: string,
    signal: AbortSignal,
  ): Promise<TokenReviewResult> {
    const { audiences, clock } = this.#options;
    const reason = (): RaError =>
      unavailable('token_review_timeout', 'the API server took too long');
    const options = { clock, ms: reviewTimeoutMs, parent: signal, reason };
    try {
      return await withDeadline(options, (limited) =>
        tokenReviews.review(token, audiences, limited),
      );
    } catch (error) {
      // Never CALLER_UNAUTHENTICATED here: agents do not retry that, and the token may be good.
      if (error instanceof KubeApiError) {
        throw unavailable('token_review_failed', whyUnreviewed(error), error);
      }
      throw error;
    }
  }

  #admit(result: TokenReviewResult): { readonly username: string } {
    const { error, authenticated, groups, audiences, username } = result;
    if (error !== undefined && error !== '') throw refused('token_invalid', error);
    if (!authenticated) throw refused('token_invalid', 'the API server does not know the token');
    // TokenReviewSpec.audiences: an authenticator that knows no audiences leaves the answer empty,
    // and then the token may have been made for anybody.
    if (!this.#options.audiences.some((audience) => audiences.includes(audience))) {
      throw refused('token_audience', 'the token was not made for this audience');
    }
    if (!groups.includes('system:serviceaccounts')) {
      throw refused('not_a_service_account', 'the token is not that of a service account');
    }
    if (username === undefined) throw refused('username_malformed', 'the review names no user');
    return { username };
  }
}

/** Both claims or none: half a binding proves nothing. */
function boundPod({ extra }: TokenReviewResult): BoundPod | undefined {
  const [name] = extra['authentication.kubernetes.io/pod-name'] ?? [];
  const [uid] = extra['authentication.kubernetes.io/pod-uid'] ?? [];
  if (name === undefined || uid === undefined || name === '' || uid === '') return undefined;
  return { name, uid };
}

function refused(reason: string, message: string): RaError {
  return new RaError('CALLER_UNAUTHENTICATED', message, { reason });
}

function unavailable(reason: string, message: string, cause?: unknown): RaError {
  return new RaError('AUTHENTICATION_UNAVAILABLE', message, { reason, cause });
}

/** A missing right is named, since only a person can mend it. */
function whyUnreviewed(error: KubeApiError): string {
  return isForbidden(error)
    ? 'the right to create tokenreviews.authentication.k8s.io is missing: grant it to our account'
    : 'the API server gave no verdict on the token';
}
