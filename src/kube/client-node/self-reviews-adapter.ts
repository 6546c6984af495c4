import { AuthenticationV1Api, V1SelfSubjectReview } from '@kubernetes/client-node';
import { isJsonObject, objectAt, stringAt } from '../../base/json.ts';
import { isForbidden, isNotFound } from '../api-error.ts';
import type { SelfReviews } from '../reviews.ts';
import type { ApiCalls } from './api-calls.ts';
import { model } from './model.ts';

const create = { verb: 'create', resource: 'selfsubjectreviews' };

/** SelfSubjectReviews of authentication.k8s.io/v1. */
export class KubernetesSelfReviews implements SelfReviews {
  readonly #calls: ApiCalls;
  readonly #api: AuthenticationV1Api;

  constructor(calls: ApiCalls) {
    this.#calls = calls;
    this.#api = new AuthenticationV1Api(calls.configuration);
  }

  async username(signal: AbortSignal): Promise<string | undefined> {
    const body = model(V1SelfSubjectReview, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
    });
    try {
      const raw = await this.#calls.send(create, signal, (options) =>
        this.#api.createSelfSubjectReviewWithHttpInfo({ body }, options),
      );
      const object = isJsonObject(raw) ? raw : {};
      return stringAt(objectAt(objectAt(object, 'status'), 'userInfo'), 'username');
    } catch (error) {
      // Every account may ask by default (system:basic-user); a cluster may have taken that away.
      if (isNotFound(error) || isForbidden(error)) return undefined;
      throw error;
    }
  }
}
