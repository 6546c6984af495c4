import { AuthenticationV1Api, V1TokenReview, V1TokenReviewSpec } from '@kubernetes/client-node';
import { filledTextAt, isJsonObject, objectAt, stringsAt } from '../../base/json.ts';
import type { TokenReviewResult, TokenReviews } from '../reviews.ts';
import { badAnswer } from './answer-errors.ts';
import type { ApiCalls } from './api-calls.ts';
import { model } from './model.ts';

const create = { verb: 'create', resource: 'tokenreviews' };

/** TokenReviews of authentication.k8s.io/v1. */
export class KubernetesTokenReviews implements TokenReviews {
  readonly #calls: ApiCalls;
  readonly #api: AuthenticationV1Api;

  constructor(calls: ApiCalls) {
    this.#calls = calls;
    this.#api = new AuthenticationV1Api(calls.configuration);
  }

  async review(
    token: string,
    audiences: readonly string[],
    signal: AbortSignal,
  ): Promise<TokenReviewResult> {
    const body = model(V1TokenReview, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: model(V1TokenReviewSpec, { token, audiences: [...audiences] }),
    });
    const raw = await this.#calls.send(create, signal, (options) =>
      this.#api.createTokenReviewWithHttpInfo({ body }, options),
    );
    return parseTokenReview(raw);
  }
}

function parseTokenReview(raw: unknown): TokenReviewResult {
  if (!isJsonObject(raw) || !isJsonObject(raw['status'])) {
    throw badAnswer('the answer is no TokenReview', create);
  }
  const status = raw['status'];
  const user = objectAt(status, 'user');
  const extra = objectAt(user, 'extra');
  return {
    authenticated: status['authenticated'] === true,
    error: filledTextAt(status, 'error'),
    username: filledTextAt(user, 'username'),
    uid: filledTextAt(user, 'uid'),
    groups: stringsAt(user, 'groups'),
    audiences: stringsAt(status, 'audiences'),
    extra: Object.fromEntries(Object.keys(extra).map((key) => [key, stringsAt(extra, key)])),
  };
}
