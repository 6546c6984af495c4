import type { Answer } from './answer.ts';
import type { Authorizer } from './authorization.ts';
import { invalid, invalidObject } from './field-error.ts';
import { isSameJson, objectAt, textsAt, without } from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import { applied, managedAfterUpdate, writerOf } from './field-management.ts';
import { seedNamespace } from './namespace-lifecycle.ts';
import {
  checkMetadataForm,
  metadataErrors,
  metadataUpdateErrors,
  withGeneration,
  withNewMetadata,
  withOldMetadata,
} from './object-metadata.ts';
import type { ObjectStore, UnstoredObject } from './object-store.ts';
import { removeObject } from './object-removal.ts';
import { applyPatch, applyType, strategicType, unsupportedPatch } from './patch.ts';
import { existing, selectedList } from './read-handlers.ts';
import { parseApplied, parseDeleteOptions, parseObject } from './resource-request.ts';
import type { ResourceRequest } from './resource-request.ts';
import type { ResourceDefinition } from './resource-registry.ts';
import type { ResourceRules } from './resource-rules.ts';
import { rulesOfResource } from './rules-of-resource.ts';
import {
  alreadyExists,
  forbidden,
  namespaceTerminating,
  notAllowed,
  notFound,
  StatusError,
} from './status-error.ts';
import type { Status } from './status-error.ts';
import { isTrue } from './request-info.ts';
import { checkDeleteOptions, checkWriteOptions } from './write-options.ts';
import { checkPreconditions, checkSameObject, refuseAbsentUid } from './write-preconditions.ts';

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
    const { body, definition } = request;
    checkWriteOptions(request);
    if (body.contentType === applyType) return this.#apply(request);
    if (definition.custom && body.contentType === strategicType) throw unsupportedPatch();
    const old = existing(this.#store, request);
    return this.#replace(request, old, applyPatch(old, body));
  }

  /** A server-side apply; one of what is not there asks for the right to create it, too. */
  #apply(request: ResourceRequest): Answer {
    const { body, definition, namespace, name, subresource, user, query } = request;
    const config = parseApplied(request);
    const old = this.#store.get(definition.plural, namespace, name);
    if (old === undefined && subresource === undefined) {
      this.#authorizer.check(user, { ...request, verb: 'create', ...resourceOf(definition) });
      refuseAbsentUid(request, config);
    }
    const known = subresource === undefined ? old : existing(this.#store, request);
    if (!definition.managesFields) {
      const patched = applyPatch(known ?? { metadata: { name } }, body);
      return known === undefined
        ? this.#create(request, patched)
        : this.#replace(request, known, patched);
    }
    const writer = writerOf(request, 'Apply', this.#now());
    const { object, managedFields } = applied(known, config, writer, isTrue(query.get('force')));
    if (known === undefined) return this.#create(request, withName(object, name), managedFields);
    return this.#replace(request, known, object, managedFields);
  }

  delete(request: ResourceRequest): Answer {
    const old = existing(this.#store, request);
    const options = parseDeleteOptions(request);
    checkDeleteOptions(options);
    checkPreconditions(request, old, objectAt(options, 'preconditions'));
    const isDry = isDryRun(request) || textsAt(options, 'dryRun').length > 0;
    const gone = isDry ? old : this.#remove(request.definition, old);
    if (request.definition.returnsDeleted || gone.metadata['deletionTimestamp'] !== undefined) {
      return { kind: 'object', status: 200, object: gone };
    }
    return { kind: 'json', status: 200, value: deletedStatus(request, old) };
  }

  deleteCollection(request: ResourceRequest): Answer {
    const list = selectedList(this.#store, request);
    const isDry = isDryRun(request) || textsAt(parseDeleteOptions(request), 'dryRun').length > 0;
    if (!isDry) for (const object of list.items) this.#remove(request.definition, object);
    return { kind: 'list', list };
  }

  #remove(definition: ResourceDefinition, object: KubeObject): KubeObject {
    return removeObject(this.#store, definition, object, this.#now());
  }

  #create(
    request: ResourceRequest,
    body: JsonObject,
    managedFields?: readonly JsonObject[],
  ): Answer {
    const { definition, namespace, user } = request;
    const rules = rulesOfResource(definition);
    rules.decode(body);
    checkMetadataForm(body);
    const now = this.#now();
    const fresh = withNewMetadata(body, { definition, namespace }, now);
    this.#checkNamespace(definition, namespace);
    const { object: unmanaged, errors } = rules.prepareForCreate(fresh, { user, now });
    const object = this.#managed(request, undefined, unmanaged, managedFields);
    const all = [...metadataErrors(object, { definition, namespace }), ...errors];
    if (all.length > 0) throw invalidObject(definition, object.metadata.name, all);
    this.#checkFurtherRights(request, rules, undefined, object);
    if (this.#store.get(definition.plural, namespace, object.metadata.name) !== undefined) {
      throw alreadyExists(definition, object.metadata.name);
    }
    if (isDryRun(request)) return { kind: 'object', status: 201, object: unstored(object) };
    const stored = this.#store.insert(definition.plural, object);
    this.#makeRoom(definition);
    if (definition.plural === 'namespaces') seedNamespace(this.#store, stored.metadata.name, now);
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

  #replace(
    request: ResourceRequest,
    old: KubeObject,
    body: JsonObject,
    managedFields?: readonly JsonObject[],
  ): Answer {
    const { definition, user, subresource } = request;
    const rules = rulesOfResource(definition);
    decodeForUpdate(rules, request, body);
    checkSameObject(request, old, objectAt(body, 'metadata'));
    const wanted = withOldMetadata(body, old);
    const update = { subresource, old, wanted };
    const { object: unmanaged, errors } = rules.prepareForUpdate(update, {
      user,
      now: this.#now(),
    });
    const object = this.#managed(request, old, unmanaged, managedFields);
    const all = [...metadataUpdateErrors(object, old, body), ...errors];
    if (all.length > 0) throw invalidObject(definition, request.name, all);
    this.#checkFurtherRights(request, rules, old, object);
    // An update that changes nothing is no change: the resourceVersion stays.
    if (isSameJson(object, withoutVersion(old)))
      return { kind: 'object', status: 200, object: old };
    const changed = isDryRun(request) ? unstored(object) : this.#keep(definition, object, old);
    return { kind: 'object', status: 200, object: changed };
  }

  /** With who has written what: `managedFields` where the caller knows it already. */
  #managed(
    request: ResourceRequest,
    old: KubeObject | undefined,
    object: UnstoredObject,
    managedFields?: readonly JsonObject[],
  ): UnstoredObject {
    if (!request.definition.managesFields) return object;
    const writer = writerOf(request, 'Update', this.#now());
    const noted = managedFields ?? managedAfterUpdate(old, object, writer);
    return { ...object, metadata: { ...object.metadata, managedFields: noted } };
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
    { definition, user, subresource }: ResourceRequest,
    rules: ResourceRules,
    old: KubeObject | undefined,
    object: UnstoredObject,
  ): void {
    const right = rules.furtherRights(old, object, subresource);
    if (right === undefined) return;
    const { verb, group, resource, names, refusal } = right;
    const isAllowed = names.some((signer) =>
      this.#authorizer.isAllowed(user, { verb, group, resource, name: signer }),
    );
    if (!isAllowed) throw forbidden(definition, object.metadata.name, refusal);
  }
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

function resourceOf({ group, plural }: ResourceDefinition) {
  return { group, resource: plural };
}

function withName(object: JsonObject, name: string): JsonObject {
  return { ...object, metadata: { ...objectAt(object, 'metadata'), name } };
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
