import type { Answer } from './answer.ts';
import { apiAudience } from './user-info.ts';
import type { UserInfo } from './user-info.ts';
import type { Authorizer, ResourceAttributes } from './authorization.ts';
import { invalid, invalidObject } from './field-error.ts';
import type { FaultBoard, TokenReviewFault } from './faults.ts';
import { isJsonObject, objectAt, textAt, textsAt, timestamp, valueAt } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';
import { parseObject } from './resource-request.ts';
import type { ResourceRequest } from './resource-request.ts';
import { apiVersionOf } from './resource-registry.ts';
import type { ServiceAccountTokens, TokenVerdict } from './service-account-tokens.ts';
import { badRequest, notAllowed } from './status-error.ts';

export interface ReviewHandlersOptions {
  readonly tokens: ServiceAccountTokens;
  readonly authorizer: Authorizer;
  readonly faults: FaultBoard<TokenReviewFault>;
  readonly now: () => number;
}

/** Answers the resources that are questions: nothing is stored. */
export class ReviewHandlers {
  readonly #options: ReviewHandlersOptions;

  constructor(options: ReviewHandlersOptions) {
    this.#options = options;
  }

  create(request: ResourceRequest): Answer {
    const body = parseObject(request);
    const spec = objectAt(body, 'spec');
    const { definition, version } = request;
    const value = {
      kind: definition.kind,
      apiVersion: apiVersionOf(definition.group, version),
      metadata: {},
      ...(definition.plural === 'selfsubjectreviews' ? {} : { spec }),
      status: this.#statusOf(request, spec),
    };
    return { kind: 'json', status: 201, value };
  }

  #statusOf({ definition, user }: ResourceRequest, spec: JsonObject): JsonObject {
    switch (definition.plural) {
      case 'tokenreviews':
        return this.#tokenReview(spec);
      case 'selfsubjectreviews':
        return { userInfo: user };
      case 'selfsubjectaccessreviews':
        return this.#accessReview(user, spec);
      case 'subjectaccessreviews':
        checkSubject(spec);
        return this.#accessReview(subjectOf(spec), spec);
      case 'selfsubjectrulesreviews':
        if ((textAt(spec, 'namespace') ?? '') === '') throw badRequest('no namespace on request');
        return this.#rulesReview(user);
      default:
        throw notAllowed();
    }
  }

  #tokenReview(spec: JsonObject): JsonObject {
    const { tokens, faults } = this.#options;
    const token = textAt(spec, 'token') ?? '';
    if (token === '') throw badRequest('token is required for TokenReview in authentication');
    const asked = textsAt(spec, 'audiences');
    const verdict = tokens.verify(token, asked.length === 0 ? [apiAudience] : asked);
    const user = verdict.kind === 'accepted' ? verdict.user.username : undefined;
    const status = tokenReviewStatus(verdict);
    const fault = faults.strike({ user, verb: 'create', resource: 'tokenreviews' });
    return fault === undefined ? status : faultyStatus(status, fault);
  }

  #accessReview(user: UserInfo, spec: JsonObject): JsonObject {
    const { authorizer } = this.#options;
    if (isJsonObject(spec['resourceAttributes']) === isJsonObject(spec['nonResourceAttributes'])) {
      const kind = { group: 'authorization.k8s.io', kind: '' };
      const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
      throw invalidObject(kind, '', [invalid('spec', null, why)]);
    }
    const path = textAt(spec, 'nonResourceAttributes', 'path');
    const allowed =
      path === undefined
        ? authorizer.isAllowed(user, attributesOf(objectAt(spec, 'resourceAttributes')))
        : authorizer.isPathAllowed(user, path);
    return { allowed };
  }

  #rulesReview(user: UserInfo): JsonObject {
    const resourceRules = this.#options.authorizer
      .rulesOf(user)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames === undefined ? {} : { resourceNames }),
      }));
    return { resourceRules, nonResourceRules: [], incomplete: false };
  }
}

function tokenReviewStatus(verdict: TokenVerdict): JsonObject {
  if (verdict.kind === 'refused') return { user: {}, error: verdict.error };
  return { authenticated: true, user: verdict.user, audiences: verdict.audiences };
}

function faultyStatus(status: JsonObject, fault: TokenReviewFault): JsonObject {
  switch (fault.kind) {
    case 'error':
      return { user: {}, error: fault.message ?? 'the token cannot be checked right now' };
    case 'contradiction':
      return { ...status, error: 'the token cannot be checked right now' };
    case 'audiences':
      return { ...status, audiences: fault.audiences };
    case 'username':
      return { ...status, user: { ...objectAt(status, 'user'), username: fault.username } };
  }
}

function checkSubject(spec: JsonObject): void {
  if ((textAt(spec, 'user') ?? '') !== '' || textsAt(spec, 'groups').length > 0) return;
  const why = 'at least one of user or group must be specified';
  throw invalidObject({ group: 'authorization.k8s.io', kind: '' }, '', [
    invalid('spec.user', '', why),
  ]);
}

function subjectOf(spec: JsonObject): UserInfo {
  return {
    username: textAt(spec, 'user') ?? '',
    groups: textsAt(spec, 'groups'),
    extra: {},
  };
}

function attributesOf(asked: JsonObject): ResourceAttributes {
  // An empty text says nothing, as a missing one.
  const optional = (name: string): string | undefined =>
    textAt(asked, name) === '' ? undefined : textAt(asked, name);
  return {
    verb: textAt(asked, 'verb') ?? '',
    group: textAt(asked, 'group') ?? '',
    resource: textAt(asked, 'resource') ?? '',
    subresource: optional('subresource'),
    namespace: optional('namespace'),
    name: optional('name'),
  };
}

/** What is left of a TokenRequest once its account is known. */
export interface TokenRequestSpec {
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly boundObject: JsonObject | undefined;
}

export function tokenRequestSpecOf(body: JsonObject): TokenRequestSpec {
  const spec = objectAt(body, 'spec');
  const audiences = textsAt(spec, 'audiences');
  const seconds = spec['expirationSeconds'];
  const bound = valueAt(spec, 'boundObjectRef');
  if (seconds !== undefined && seconds !== null && !Number.isInteger(seconds)) {
    throw badRequest('json: cannot unmarshal into spec.expirationSeconds of type int64');
  }
  return {
    audiences: audiences.length === 0 ? [apiAudience] : audiences,
    expirationSeconds: typeof seconds === 'number' ? seconds : 3600,
    boundObject:
      bound === undefined || bound === null ? undefined : objectAt(spec, 'boundObjectRef'),
  };
}

/** A TokenRequest with its answer. */
export function answeredTokenRequest(
  { name, namespace, uid }: { name: string; namespace: string | undefined; uid: string },
  { audiences, expirationSeconds, boundObject }: TokenRequestSpec,
  { token, now }: { token: string; now: number },
): JsonObject {
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, uid, creationTimestamp: timestamp(now) },
    spec: { audiences, expirationSeconds, boundObjectRef: boundObject ?? null },
    status: { token, expirationTimestamp: timestamp(now + expirationSeconds * 1000) },
  };
}
