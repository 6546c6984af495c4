import type { Answer } from './answer.ts';
import type { Authorizer } from './authorization.ts';
import { csrRules } from './csr-rules.ts';
import { invalid, invalidObject } from './field-error.ts';
import { isSameJson, objectAt, textAt, textsAt, timestamp, without } from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import { emptyNamespace, furnishNamespace } from './namespace-lifecycle.ts';
import {
  checkMetadataForm,
  metadataErrors,
  metadataUpdateErrors,
  withGeneration,
  withNewMetadata,
  withOldMetadata,
} from './object-metadata.ts';
import type { ObjectStore, UnstoredObject } from './object-store.ts';
import { applyPatch, applyType, strategicType, unsupportedPatch } from './patch.ts';
import { plainRules } from './plain-rules.ts';
import { existing, selectedList } from './read-handlers.ts';
import { checkApplied, parseDeleteOptions, parseObject } from './resource-request.ts';
import type { ResourceRequest } from './resource-request.ts';
import { signingRequests } from './resource-registry.ts';
import type { ResourceDefinition } from './resource-registry.ts';
import type { ResourceRules } from './resource-rules.ts';
import {
  alreadyExists,
  forbidden,
  namespaceTerminating,
  notAllowed,
  notFound,
  StatusError,
} from './status-error.ts';
import type { Status } from './status-error.ts';
import { checkDeleteOptions, checkWriteOptions } from './write-options.ts';
import { checkPreconditions, checkSameObject } from './write-preconditions.ts';

export interface WriteHandlersOptions {
  readonly store: ObjectStore;
  readonly authorizer: Authorizer;
  readonly now: () => number;
}

/** Everything that changes objects, with the checks of the API server around it. */
export class WriteHandlers {
  readonly #store: ObjectStore;
  readonly #authorizer: Authorizer;
  readonly #now: () => number;

  constructor({ store, authorizer, now }: WriteHandlersOptions) {
    this.#store = store;
    this.#authorizer = authorizer;
    this.#now = now;
  }

  create(request: ResourceRequest): Answer {
    checkWriteOptions(request);
    return this.#create(request, parseObject(request));
  }

  update(request: ResourceRequest): Answer {
    checkWriteOptions(request);
    const body = parseObject(request);
    const { definition, namespace, name } = request;
    const isNew = this.#store.get(definition.plural, namespace, name) === undefined;
    if (isNew && definition.createdByUpdate) return this.#create(request, body);
    return this.#replace(request, existing(this.#store, request), body);
  }

  patch(request: ResourceRequest): Answer {
    const { body, definition, namespace, name, subresource } = request;
    const isNew = this.#store.get(definition.plural, namespace, name) === undefined;
    checkWriteOptions(request);
    if (body.contentType === applyType) checkApplied(request);
    if (definition.custom && body.contentType === strategicType) throw unsupportedPatch();
    if (isNew && body.contentType === applyType && subresource === undefined) {
      return this.#create(request, applyPatch({ metadata: { name } }, body));
    }
    const old = existing(this.#store, request);
    return this.#replace(request, old, applyPatch(old, body));
  }

  delete(request: ResourceRequest): Answer {
    const old = existing(this.#store, request);
    const options = parseDeleteOptions(request);
    checkDeleteOptions(options);
    checkPreconditions(request, old, objectAt(options, 'preconditions'));
    const isDry = isDryRun(request) || textsAt(options, 'dryRun').length > 0;
    const gone = isDry ? old : this.remove(request.definition, old);
    if (request.definition.returnsDeleted || gone.metadata['deletionTimestamp'] !== undefined) {
      return { kind: 'object', status: 200, object: gone };
    }
    return { kind: 'json', status: 200, value: deletedStatus(request, old) };
  }

  deleteCollection(request: ResourceRequest): Answer {
    const list = selectedList(this.#store, request);
    const isDry = isDryRun(request) || textsAt(parseDeleteOptions(request), 'dryRun').length > 0;
    if (!isDry) for (const object of list.items) this.remove(request.definition, object);
    return { kind: 'list', list };
  }

  /** Removes an object, or marks it for removal while finalizers hold it. */
  remove(definition: ResourceDefinition, object: KubeObject): KubeObject {
    const { plural } = definition;
    if (textsAt(object, 'metadata', 'finalizers').length > 0) {
      if (object.metadata['deletionTimestamp'] !== undefined) return object;
      const deletionTimestamp = timestamp(this.#now());
      const metadata = { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 };
      const status = plural === 'namespaces' ? { status: { phase: 'Terminating' } } : {};
      return this.#store.replace(plural, { ...object, ...status, metadata }, object);
    }
    if (plural === 'pods') return this.#removePod(object);
    if (plural === 'namespaces') emptyNamespace(this.#store, object.metadata.name);
    return this.#store.remove(plural, object);
  }

  /** In two steps, as a node does it that is quick: a pod is first told to end. */
  #removePod(pod: KubeObject): KubeObject {
    const phase = textAt(pod, 'status', 'phase') ?? '';
    const isOver = phase === 'Succeeded' || phase === 'Failed';
    const isOnNode = (textAt(pod, 'spec', 'nodeName') ?? '') !== '';
    const metadata = {
      ...pod.metadata,
      deletionTimestamp: timestamp(this.#now()),
      deletionGracePeriodSeconds: isOnNode && !isOver ? 30 : 0,
    };
    return this.#store.remove('pods', this.#store.replace('pods', { ...pod, metadata }, pod));
  }

  #create(request: ResourceRequest, body: JsonObject): Answer {
    const { definition, namespace, user } = request;
    const rules = rulesFor(definition);
    rules.decode(body);
    checkMetadataForm(body);
    const now = this.#now();
    const fresh = withNewMetadata(body, { definition, namespace }, now);
    this.#checkNamespace(definition, namespace);
    const { object, errors } = rules.prepareForCreate(fresh, { user, now });
    const all = [...metadataErrors(object, { definition, namespace }), ...errors];
    if (all.length > 0) throw invalidObject(definition, object.metadata.name, all);
    if (this.#store.get(definition.plural, namespace, object.metadata.name) !== undefined) {
      throw alreadyExists(definition, object.metadata.name);
    }
    if (isDryRun(request)) return { kind: 'object', status: 201, object: unstored(object) };
    const stored = this.#store.insert(definition.plural, object);
    this.#makeRoom(definition);
    if (definition.plural === 'namespaces')
      furnishNamespace(this.#store, stored.metadata.name, now);
    return { kind: 'object', status: 201, object: stored };
  }

  #checkNamespace(definition: ResourceDefinition, namespace: string | undefined): void {
    if (!definition.namespaced) return;
    if (namespace === undefined) throw notAllowed();
    const found = this.#store.get('namespaces', undefined, namespace);
    if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace);
    if (found.metadata['deletionTimestamp'] !== undefined) {
      throw namespaceTerminating(definition, namespace);
    }
  }

  #makeRoom(definition: ResourceDefinition): void {
    const { limit, plural } = definition;
    if (limit === undefined) return;
    const { objects } = this.#store.list(plural);
    const oldest = objects.toSorted(
      (a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion),
    );
    for (const object of oldest.slice(0, Math.max(0, objects.length - limit))) {
      this.#store.remove(plural, object);
    }
  }

  #replace(request: ResourceRequest, old: KubeObject, body: JsonObject): Answer {
    const { definition, user, subresource } = request;
    const rules = rulesFor(definition);
    decodeForUpdate(rules, request, body);
    checkSameObject(request, old, objectAt(body, 'metadata'));
    const wanted = withOldMetadata(body, old);
    const update = { subresource, old, wanted };
    const { object, errors } = rules.prepareForUpdate(update, { user, now: this.#now() });
    const all = [...metadataUpdateErrors(object, old, body), ...errors];
    if (all.length > 0) throw invalidObject(definition, request.name, all);
    this.#checkFurtherRights(request, rules, old, object);
    // An update that changes nothing is no change: the resourceVersion stays.
    if (isSameJson(object, withoutVersion(old)))
      return { kind: 'object', status: 200, object: old };
    const changed = isDryRun(request) ? unstored(object) : this.#keep(definition, object, old);
    return { kind: 'object', status: 200, object: changed };
  }

  #keep(definition: ResourceDefinition, object: UnstoredObject, old: KubeObject): KubeObject {
    const isReleased =
      old.metadata['deletionTimestamp'] !== undefined &&
      textsAt(object, 'metadata', 'finalizers').length === 0;
    if (!isReleased) {
      return this.#store.replace(definition.plural, withGeneration(object, old), old);
    }
    // Watchers are told of the deletion with the state before it, in which it was still held.
    const { resourceVersion } = this.#store.remove(definition.plural, old).metadata;
    return { ...object, metadata: { ...object.metadata, resourceVersion } };
  }

  #checkFurtherRights(
    { definition, user, subresource, name }: ResourceRequest,
    rules: ResourceRules,
    old: KubeObject,
    object: UnstoredObject,
  ): void {
    const right = rules.furtherRights(old, object, subresource);
    if (right === undefined) return;
    const { verb, group, resource, names, refusal } = right;
    const isAllowed = names.some((signer) =>
      this.#authorizer.isAllowed(user, { verb, group, resource, name: signer }),
    );
    if (!isAllowed) throw forbidden(definition, name, refusal);
  }
}

function rulesFor(definition: ResourceDefinition): ResourceRules {
  return definition === signingRequests ? csrRules : plainRules(definition);
}

/** A patch is not blamed for its form but for what it makes of the object. */
function decodeForUpdate(rules: ResourceRules, { verb }: ResourceRequest, body: JsonObject): void {
  try {
    rules.decode(body);
    checkMetadataForm(body);
  } catch (error) {
    if (verb !== 'patch' || !(error instanceof StatusError)) throw error;
    throw invalidObject({ group: '', kind: '' }, '', [invalid('patch', body, error.message)]);
  }
}

function isDryRun({ query }: ResourceRequest): boolean {
  return query.getAll('dryRun').includes('All');
}

function withoutVersion(object: KubeObject): JsonObject {
  return { ...object, metadata: without(object.metadata, 'resourceVersion') };
}

/** What a dry run answers with: the one object without a version, as nothing was stored. */
function unstored(object: UnstoredObject): KubeObject {
  return object as KubeObject;
}

function deletedStatus({ definition, name }: ResourceRequest, old: KubeObject): Status {
  const { group, plural } = definition;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group === '' ? {} : { group }), kind: plural, uid: old.metadata.uid },
  };
}
