import type { Answer } from './answer.ts';
import { invalid, invalidObject } from './field-error.ts';
import { textAt } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import { existing, get, list, watch } from './read-handlers.ts';
import { findResource, verbsOf } from './resource-registry.ts';
import { parseObject } from './resource-request.ts';
import type { ResourceRequest } from './resource-request.ts';
import { answeredTokenRequest, tokenRequestSpecOf } from './review-handlers.ts';
import type { ReviewHandlers, TokenRequestSpec } from './review-handlers.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import { badRequest, conflict, noSuchResource, notAllowed, notFound } from './status-error.ts';
import type { WriteHandlers } from './write-handlers.ts';

export interface ResourceApiOptions {
  readonly store: ObjectStore;
  readonly tokens: ServiceAccountTokens;
  readonly writes: WriteHandlers;
  readonly reviews: ReviewHandlers;
  readonly now: () => number;
}

/** Every request to a resource, after it has been authenticated and authorized. */
export class ResourceApi {
  readonly #options: ResourceApiOptions;

  constructor(options: ResourceApiOptions) {
    this.#options = options;
  }

  /** At once and without an `await`, so that nothing comes between check and change. */
  handle(request: ResourceRequest): Answer {
    const { definition, verb, subresource } = request;
    if (subresource === 'token') return this.#token(request);
    if (!definition.stored) {
      if (verb !== 'create') throw request.name === '' ? notAllowed() : noSuchResource();
      return this.#options.reviews.create(request);
    }
    if (subresource === undefined) return this.#whole(request);
    if (!definition.subresources.includes(subresource)) throw noSuchResource();
    return this.#part(request);
  }

  #whole(request: ResourceRequest): Answer {
    const { store, writes } = this.#options;
    const hasName = request.name !== '';
    switch (request.verb) {
      case 'get':
        return get(store, request);
      case 'list':
        return list(store, request);
      case 'watch':
        return watch(request);
      case 'create':
        if (hasName) throw notAllowed();
        return writes.create(request);
      case 'deletecollection':
        if (!verbsOf(request.definition).includes('deletecollection')) throw notAllowed();
        return writes.deleteCollection(request);
      default:
        if (!hasName) throw notAllowed();
        return this.#change(request);
    }
  }

  #part(request: ResourceRequest): Answer {
    switch (request.verb) {
      case 'get':
        return get(this.#options.store, request);
      case 'update':
      case 'patch':
        return this.#change(request);
      default:
        throw notAllowed();
    }
  }

  #change(request: ResourceRequest): Answer {
    const { writes } = this.#options;
    switch (request.verb) {
      case 'update':
        return writes.update(request);
      case 'patch':
        return writes.patch(request);
      case 'delete':
        return writes.delete(request);
      default:
        throw notAllowed();
    }
  }

  #token(request: ResourceRequest): Answer {
    const { store, tokens, now } = this.#options;
    if (request.definition.plural !== 'serviceaccounts') throw noSuchResource();
    if (request.verb !== 'create') throw notAllowed();
    const body = parseTokenRequest(request);
    const account = existing(store, request);
    const spec = tokenRequestSpecOf(body);
    checkTokenPlace(request, body);
    const problem = durationProblem(spec.expirationSeconds);
    if (problem !== undefined) {
      throw invalidObject(tokenKind, '', [
        invalid('spec.expirationSeconds', spec.expirationSeconds, problem),
      ]);
    }
    const namespace = request.namespace ?? '';
    const pod = this.#boundPod(request, spec);
    const token = tokens.issue({ ...spec, namespace, serviceAccount: request.name, pod });
    const named = { name: request.name, namespace, uid: account.metadata.uid };
    const value = answeredTokenRequest(named, spec, { token, now: now() });
    return { kind: 'json', status: 201, value };
  }

  #boundPod(
    { namespace, name }: ResourceRequest,
    { boundObject }: TokenRequestSpec,
  ): string | undefined {
    if (boundObject === undefined) return undefined;
    const podName = boundPodName(boundObject);
    const pods = { group: '', plural: 'pods' };
    const pod = this.#options.store.get('pods', namespace, podName);
    if (pod === undefined) throw notFound(pods, podName);
    if (textAt(pod, 'spec', 'serviceAccountName') !== name) {
      throw badRequest(
        `cannot bind token for serviceaccount "${name}" to pod running with different serviceaccount name.`,
      );
    }
    const uid = textAt(boundObject, 'uid') ?? '';
    if (uid !== '' && uid !== pod.metadata.uid) {
      throw conflict(
        pods,
        podName,
        `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    return podName;
  }
}

function boundPodName(boundObject: JsonObject): string {
  const [version = '', kind = '', name = ''] = ['apiVersion', 'kind', 'name'].map((field) =>
    textAt(boundObject, field),
  );
  if (version !== 'v1' || kind !== 'Pod') {
    throw badRequest(`cannot bind token to object of type ${version}, Kind=${kind}`);
  }
  if (name === '') throw badRequest('the bound object needs a name');
  return name;
}

const tokenKind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };

function durationProblem(seconds: number): string | undefined {
  if (seconds < 600) return 'may not specify a duration less than 10 minutes';
  return seconds > 2 ** 32 ? 'may not specify a duration larger than 2^32 seconds' : undefined;
}

/** A token request may name its account again, but no other. */
function checkTokenPlace({ name, namespace }: ResourceRequest, body: JsonObject): void {
  const named = textAt(body, 'metadata', 'name') ?? name;
  if (named !== '' && named !== name) {
    const why = 'must match the service account name if specified';
    throw invalidObject(tokenKind, name, [invalid('metadata.name', named, why)]);
  }
  const place = textAt(body, 'metadata', 'namespace') ?? '';
  if (place === '' || place === namespace) return;
  throw badRequest(
    'the namespace of the provided object does not match the namespace sent on the request',
  );
}

/** The body of a token request is of another kind than the resource that the path names. */
function parseTokenRequest(request: ResourceRequest): JsonObject {
  const accounts = findResource('', 'serviceaccounts');
  if (accounts === undefined) throw noSuchResource();
  const definition = { ...accounts, group: 'authentication.k8s.io', kind: 'TokenRequest' };
  return parseObject({ ...request, definition, version: 'v1' });
}
