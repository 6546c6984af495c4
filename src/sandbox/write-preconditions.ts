import { invalid, invalidObject } from './field-error.ts';
import { textAt } from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import type { ResourceRequest } from './resource-request.ts';
import { badRequest, conflict, StatusError } from './status-error.ts';

const modified =
  'the object has been modified; please apply your changes to the latest version and try again';

/**
 * Throws a StatusError (400, 409, 422, 500) when what is sent is meant for another object or an
 * older state.
 */
export function checkSameObject(
  request: ResourceRequest,
  old: KubeObject,
  given: JsonObject,
): void {
  const { definition, name } = request;
  const named = textAt(given, 'name') ?? '';
  if (named !== name) {
    throw badRequest(
      `the name of the object (${named}) does not match the name on the URL (${name})`,
    );
  }
  const uid = textAt(given, 'uid') ?? '';
  if (uid !== '' && uid !== old.metadata.uid) {
    if (request.verb === 'patch') throw immutableUid(request, uid);
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(definition, name, why);
  }
  checkVersion(request, old, textAt(given, 'resourceVersion') ?? '');
}

/** Throws a StatusError (409) where an apply is meant for an object that is not there any more. */
export function refuseAbsentUid({ definition, name }: ResourceRequest, applied: JsonObject): void {
  const uid = textAt(applied, 'metadata', 'uid') ?? '';
  if (uid === '') return;
  const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
  throw conflict(definition, name, why);
}

function checkVersion(request: ResourceRequest, old: KubeObject, version: string): void {
  const { definition, name } = request;
  if (version !== '' && version !== old.metadata.resourceVersion) {
    if (!/^\d+$/.test(version)) {
      throw new StatusError(500, '', `invalid resource version: ${version}`);
    }
    throw conflict(definition, name, modified);
  }
  if (version === '' && definition.conditionalUpdates && request.verb === 'update') {
    // Here the API server names the resource where it otherwise names the kind.
    throw invalidObject({ group: definition.group, kind: definition.plural }, name, [
      {
        field: 'metadata.resourceVersion',
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 0: must be specified for an update',
      },
    ]);
  }
}

function immutableUid({ definition, name }: ResourceRequest, uid: string): StatusError {
  const error = invalid('metadata.uid', uid, 'field is immutable');
  return invalidObject(definition, name, [error]);
}

/** Throws a StatusError (409) unless the preconditions of a deletion hold. */
export function checkPreconditions(
  request: ResourceRequest,
  old: KubeObject,
  wanted: JsonObject,
): void {
  // In this one message the API server names the kind where it otherwise names the resource.
  const kind = { group: request.definition.group, plural: request.definition.kind };
  const { uid, resourceVersion } = old.metadata;
  const wantedUid = textAt(wanted, 'uid');
  if (wantedUid !== undefined && wantedUid !== uid) {
    throw conflict(
      kind,
      request.name,
      `the UID in the precondition (${wantedUid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  const version = textAt(wanted, 'resourceVersion');
  if (version !== undefined && version !== resourceVersion) {
    throw conflict(
      kind,
      request.name,
      `the ResourceVersion in the precondition (${version}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
}
