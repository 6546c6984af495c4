import {
  AuthorizationV1Api,
  V1ResourceAttributes,
  V1SelfSubjectAccessReview,
  V1SelfSubjectAccessReviewSpec,
} from '@kubernetes/client-node';
import { isJsonObject } from '../../base/json.ts';
import type { AccessQuestion, AccessReviews } from '../reviews.ts';
import { badAnswer } from './answer-errors.ts';
import type { ApiCalls } from './api-calls.ts';
import { model } from './model.ts';

const create = { verb: 'create', resource: 'selfsubjectaccessreviews' };

/** SelfSubjectAccessReviews of authorization.k8s.io/v1. */
export class KubernetesAccessReviews implements AccessReviews {
  readonly #calls: ApiCalls;
  readonly #api: AuthorizationV1Api;

  constructor(calls: ApiCalls) {
    this.#calls = calls;
    this.#api = new AuthorizationV1Api(calls.configuration);
  }

  async can(question: AccessQuestion, signal: AbortSignal): Promise<boolean> {
    const body = model(V1SelfSubjectAccessReview, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: model(V1SelfSubjectAccessReviewSpec, {
        resourceAttributes: model(V1ResourceAttributes, question),
      }),
    });
    const raw = await this.#calls.send(create, signal, (options) =>
      this.#api.createSelfSubjectAccessReviewWithHttpInfo({ body }, options),
    );
    if (!isJsonObject(raw) || !isJsonObject(raw['status'])) {
      throw badAnswer('the answer is no SelfSubjectAccessReview', create);
    }
    return raw['status']['allowed'] === true;
  }
}
