import { FieldSet } from './field-sets.ts';
import type { FieldPath } from './field-sets.ts';
import {
  isJsonObject,
  isSameJson,
  listAt,
  objectAt,
  textAt,
  timestamp,
  valueAt,
} from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import { apiVersionOf } from './resource-registry.ts';
import type { ResourceRequest } from './resource-request.ts';
import { StatusError } from './status-error.ts';

/** Who writes, and how. */
export interface FieldWriter {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** RFC 3339. */
  readonly time: string;
}

const maxManagerLength = 128;

/** Who makes the request: what it says itself, or the beginning of the client's name. */
export function writerOf(
  { query, userAgent, definition, version }: ResourceRequest,
  operation: FieldWriter['operation'],
  now: number,
): FieldWriter {
  const [client = ''] = userAgent.split('/');
  const manager = query.get('fieldManager') ?? client.slice(0, maxManagerLength);
  const apiVersion = apiVersionOf(definition.group, version);
  return { manager, operation, apiVersion, time: timestamp(now) };
}

interface Owner extends FieldWriter {
  readonly fields: FieldSet;
}

/** `metadata.managedFields` of an object that is new, or was changed by anything but an apply. */
export function managedAfterUpdate(
  old: KubeObject | undefined,
  object: JsonObject,
  writer: FieldWriter,
): readonly JsonObject[] {
  const before = old === undefined ? new FieldSet() : FieldSet.of(old);
  const after = FieldSet.of(object);
  const changed = after.paths().filter((path) => !isSameAt(path, old, object));
  const gone = before.paths().filter((path) => !after.has(path));
  const owners = ownersOf(old);
  const kept = owners.map((owner) => ({
    ...owner,
    fields: owner.fields.without(isOf(owner, writer) ? gone : [...gone, ...changed]),
  }));
  const own = kept.find((owner) => isOf(owner, writer))?.fields ?? new FieldSet();
  return entriesOf(withOwner(kept, { ...writer, fields: own.with(changed) }), owners);
}

export interface Applied {
  readonly object: JsonObject;
  readonly managedFields: readonly JsonObject[];
}

/**
 * What a server-side apply of `config` makes of `old`. Throws a StatusError (409) where another
 * manager owns a field with another value, unless it is forced.
 */
export function applied(
  old: KubeObject | undefined,
  config: JsonObject,
  writer: FieldWriter,
  isForced: boolean,
): Applied {
  const wanted = FieldSet.of(config);
  const owners = ownersOf(old);
  const others = owners.filter((owner) => !isOf(owner, writer));
  const contested = wanted.paths().filter((path) => !isSameAt(path, old, config));
  if (!isForced) refuseConflicts(others, contested);
  const left = others.map((owner) => ({ ...owner, fields: owner.fields.without(contested) }));
  const own = owners.find((owner) => isOf(owner, writer))?.fields ?? new FieldSet();
  const dropped = own
    .paths()
    .filter((path) => !wanted.has(path) && !left.some(({ fields }) => fields.has(path)));
  let object: JsonObject = old === undefined ? config : withGiven(old, config);
  for (const path of dropped) object = withValue(object, path, undefined);
  for (const path of wanted.paths()) object = withValue(object, path, valueAt(config, ...path));
  const managed = withOwner(left, { ...writer, fields: wanted });
  return { object, managedFields: entriesOf(managed, owners) };
}

/** What says which object, and which state of it, is meant. */
function withGiven(old: KubeObject, config: JsonObject): JsonObject {
  const given = Object.entries(objectAt(config, 'metadata')).filter(([name]) =>
    ['uid', 'resourceVersion'].includes(name),
  );
  return { ...old, metadata: { ...old.metadata, ...Object.fromEntries(given) } };
}

function refuseConflicts(others: readonly Owner[], contested: readonly FieldPath[]): void {
  const causes = others.flatMap(({ manager, fields }) =>
    contested
      .filter((path) => fields.has(path))
      .map((path) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with "${manager}"`,
        field: `.${path.join('.')}`,
      })),
  );
  if (causes.length === 0) return;
  const count = `${causes.length} conflict${causes.length === 1 ? '' : 's'}`;
  const list = causes.map(({ message, field }) => `${message}: ${field}`).join('\n');
  throw new StatusError(409, 'Conflict', `Apply failed with ${count}: ${list}`, { causes });
}

function isOf(owner: FieldWriter, writer: FieldWriter): boolean {
  return owner.manager === writer.manager && owner.operation === writer.operation;
}

function isSameAt(path: FieldPath, one: unknown, other: unknown): boolean {
  return isSameJson(valueAt(one, ...path) ?? null, valueAt(other, ...path) ?? null);
}

/** Everything belongs to one manager where nobody was noted yet. */
function ownersOf(old: KubeObject | undefined): readonly Owner[] {
  if (old === undefined) return [];
  const entries = listAt(old, 'metadata', 'managedFields').filter(isJsonObject);
  if (entries.length > 0) return entries.map(ownerOf);
  const { apiVersion, metadata } = old;
  const writer = { manager: 'before-first-apply', operation: 'Update', apiVersion } as const;
  return [{ ...writer, time: metadata.creationTimestamp, fields: FieldSet.of(old) }];
}

function ownerOf(entry: JsonObject): Owner {
  return {
    manager: textAt(entry, 'manager') ?? '',
    operation: textAt(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
    apiVersion: textAt(entry, 'apiVersion') ?? '',
    time: textAt(entry, 'time') ?? '',
    fields: FieldSet.ofFieldsV1(objectAt(entry, 'fieldsV1')),
  };
}

function withOwner(owners: readonly Owner[], owner: Owner): readonly Owner[] {
  return [...owners.filter((other) => !isOf(other, owner)), owner];
}

/** Without those who own nothing any more; whose fields stay the same keeps the time. */
function entriesOf(owners: readonly Owner[], before: readonly Owner[]): readonly JsonObject[] {
  return owners
    .filter(({ fields }) => !fields.isEmpty)
    .map((owner) => {
      const known = before.find((other) => isOf(other, owner));
      const fieldsV1 = owner.fields.toFieldsV1();
      const isSame = known !== undefined && isSameJson(known.fields.toFieldsV1(), fieldsV1);
      const { manager, operation, apiVersion } = owner;
      const time = isSame ? known.time : owner.time;
      return { manager, operation, apiVersion, time, fieldsType: 'FieldsV1', fieldsV1 };
    })
    .sort((one, other) =>
      `${one.operation}${one.manager}` < `${other.operation}${other.manager}` ? -1 : 1,
    );
}

/** The object with another value at a path; undefined takes it, and what is left empty, away. */
function withValue(
  object: JsonObject,
  [step = '', ...rest]: FieldPath,
  value: unknown,
): JsonObject {
  const inner = rest.length === 0 ? value : withValue(objectAt(object, step), rest, value);
  const isEmpty = isJsonObject(inner) && Object.keys(inner).length === 0 && step !== 'metadata';
  const isGone = inner === undefined || (value === undefined && isEmpty);
  const others = Object.entries(object).filter(([name]) => name !== step || !isGone);
  return Object.fromEntries([...others, ...(isGone ? [] : [[step, inner] as const])]);
}
