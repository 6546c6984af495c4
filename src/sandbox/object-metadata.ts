import { randomBytes, randomUUID } from 'node:crypto';
import { forbiddenField, invalid, required } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import {
  isJsonObject,
  isSameJson,
  objectAt,
  textAt,
  textsAt,
  timestamp,
  valueAt,
} from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import type { UnstoredObject } from './object-store.ts';
import { storedApiVersion } from './resource-registry.ts';
import type { ResourceDefinition } from './resource-registry.ts';
import { labelProblems, subdomainProblems } from './signer-name-rules.ts';
import { badRequest, StatusError } from './status-error.ts';

/** Where a request's path points. */
export interface ObjectPlace {
  readonly definition: ResourceDefinition;
  readonly namespace: string | undefined;
}

/** What the alphabet of generated names leaves out: vowels, and what looks alike. */
const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';
const generatedLength = 5;
const maxGenerateNameLength = 58;

/** An object with the metadata of a new one: name, uid, creation time. */
export function withNewMetadata(body: JsonObject, place: ObjectPlace, now: number): UnstoredObject {
  const { definition, namespace } = place;
  const given = objectAt(body, 'metadata');
  checkNamespace(given, namespace);
  if ((textAt(given, 'resourceVersion') ?? '') !== '') {
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  const generateName = textAt(given, 'generateName') ?? '';
  return {
    ...body,
    apiVersion: storedApiVersion(definition),
    kind: definition.kind,
    metadata: {
      name: nameOf(given, generateName),
      ...(generateName === '' ? {} : { generateName }),
      ...(namespace === undefined ? {} : { namespace }),
      uid: randomUUID(),
      ...(definition.custom || definition.plural === 'pods' ? { generation: 1 } : {}),
      creationTimestamp: timestamp(now),
      ...writableParts(given),
    },
  };
}

/** An object with the metadata of `old`, but for what a caller may change. */
export function withOldMetadata(body: JsonObject, old: KubeObject): UnstoredObject {
  const { name, namespace, generateName, uid, generation, creationTimestamp, ...rest } =
    old.metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = rest;
  const kept = { name, generateName, namespace, uid, generation, creationTimestamp };
  const given = { ...kept, deletionTimestamp, deletionGracePeriodSeconds };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  const metadata = Object.fromEntries(present) as UnstoredObject['metadata'];
  return {
    ...body,
    apiVersion: old.apiVersion,
    kind: old.kind,
    metadata: { ...metadata, ...writableParts(objectAt(body, 'metadata')) },
  };
}

/** Custom resources count the changes of their spec. */
export function withGeneration(object: UnstoredObject, old: KubeObject): UnstoredObject {
  const before = old.metadata['generation'];
  if (typeof before !== 'number' || isSameJson(object['spec'], old['spec'])) return object;
  return { ...object, metadata: { ...object.metadata, generation: before + 1 } };
}

/** What the API server has against the metadata of a new object. */
export function metadataErrors(
  { metadata }: UnstoredObject,
  { definition }: ObjectPlace,
): readonly FieldError[] {
  return [
    ...nameErrors(metadata.name, definition),
    ...labelErrors(metadata.labels ?? {}),
    ...annotationErrors(metadata.annotations ?? {}),
    ...finalizerErrors(textsAt(metadata, 'finalizers')),
  ];
}

/** What the API server has against the metadata of a changed object. */
export function metadataUpdateErrors(
  { metadata }: UnstoredObject,
  old: KubeObject,
  given: JsonObject,
): readonly FieldError[] {
  const finalizers = textsAt(metadata, 'finalizers');
  const before = textsAt(old, 'metadata', 'finalizers');
  const isLeaving = old.metadata['deletionTimestamp'] !== undefined;
  const added = isLeaving ? finalizers.filter((name) => !before.includes(name)) : [];
  const deletion = textAt(given, 'metadata', 'deletionTimestamp');
  const immutable = invalid('metadata.deletionTimestamp', deletion, 'field is immutable');
  const why = 'no new finalizers can be added if the object is being deleted';
  return [
    ...labelErrors(metadata.labels ?? {}),
    ...annotationErrors(metadata.annotations ?? {}),
    ...finalizerErrors(finalizers),
    ...(added.length === 0 ? [] : [forbiddenField('metadata.finalizers', why)]),
    ...(isLeaving || deletion === undefined ? [] : [immutable]),
  ];
}

/** Throws a StatusError (400) where metadata is no object. */
export function checkMetadataForm(body: JsonObject): void {
  const given = body['metadata'];
  if (given === undefined || given === null || isJsonObject(given)) {
    writableParts(objectAt(body, 'metadata'));
    return;
  }
  throw badRequest(`json: cannot unmarshal ${typeof given} into metadata of type v1.ObjectMeta`);
}

const qualifiedWords = "name part must consist of alphanumeric characters, '-', '_' or '.'";

function isQualifiedName(text: string): boolean {
  const [name = '', prefix, ...more] = text.split('/').reverse();
  const isPrefixed = prefix === undefined || subdomainProblems(prefix).length === 0;
  return labelName.test(name) && isPrefixed && more.length === 0;
}

function annotationErrors(annotations: Readonly<Record<string, string>>): readonly FieldError[] {
  return Object.keys(annotations)
    .filter((key) => !isQualifiedName(key.toLowerCase()))
    .map((key) => invalid('metadata.annotations', key, qualifiedWords));
}

function finalizerErrors(finalizers: readonly string[]): readonly FieldError[] {
  const why = 'name is neither a standard finalizer name nor is it fully qualified';
  return finalizers.flatMap((name, index) =>
    isQualifiedName(name) && (name.includes('/') || standardFinalizers.includes(name))
      ? []
      : [invalid(`metadata.finalizers[${index}]`, name, why)],
  );
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];

function nameErrors(name: string, definition: ResourceDefinition): readonly FieldError[] {
  const field = 'metadata.name';
  if (name === '') return [required(field, 'name or generateName is required')];
  // CertificateSigningRequests may have any name that fits in a path.
  if (definition.plural === 'certificatesigningrequests') {
    const forbidden = ['/', '%'].filter((character) => name.includes(character));
    const isDots = name === '.' || name === '..';
    return [
      ...(isDots ? [invalid(field, name, `may not be '${name}'`)] : []),
      ...forbidden.map((character) => invalid(field, name, `may not contain '${character}'`)),
    ];
  }
  // Their names depend on their signers: see trust-bundle-rules.ts.
  if (definition.plural === 'clustertrustbundles') return [];
  const problems = definition.plural === 'namespaces' ? labelProblems : subdomainProblems;
  return problems(name).map((problem) => invalid(field, name, problem));
}

const labelName = /^(?=.{1,63}$)[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/;

/** What the API server has against labels: each a qualified name and a short text of its letters. */
function labelErrors(labels: Readonly<Record<string, string>>): readonly FieldError[] {
  const field = 'metadata.labels';
  return Object.entries(labels).flatMap(([key, value]) => {
    const isKey = isQualifiedName(key);
    const isValue = value === '' || labelName.test(value);
    const characters = "alphanumeric characters, '-', '_' or '.'";
    return [
      ...(isKey ? [] : [invalid(field, key, qualifiedWords)]),
      ...(isValue ? [] : [invalid(field, value, `a valid label must consist of ${characters}`)]),
    ];
  });
}

function checkNamespace(given: JsonObject, namespace: string | undefined): void {
  const named = textAt(given, 'namespace') ?? '';
  // On what belongs to no namespace the field is passed over.
  if (named !== '' && namespace !== undefined && named !== namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
}

function nameOf(given: JsonObject, generateName: string): string {
  const name = textAt(given, 'name') ?? '';
  if (name !== '' || generateName === '') return name;
  const random = Array.from(
    randomBytes(generatedLength),
    (byte) => nameAlphabet[byte % nameAlphabet.length],
  );
  return generateName.slice(0, maxGenerateNameLength) + random.join('');
}

function writableParts(given: JsonObject): JsonObject {
  const labels = textMap(given, 'labels');
  const annotations = textMap(given, 'annotations');
  const finalizers = textsAt(given, 'finalizers');
  const owners = valueAt(given, 'ownerReferences');
  return {
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(finalizers.length === 0 ? {} : { finalizers }),
    ...(Array.isArray(owners) && owners.length > 0 ? { ownerReferences: owners as unknown } : {}),
  };
}

function textMap(given: JsonObject, name: string): JsonObject | undefined {
  const map = objectAt(given, name);
  const wrong = Object.values(map).find((value) => typeof value !== 'string' && value !== null);
  if (wrong !== undefined) {
    throw badRequest(
      `json: cannot unmarshal ${typeof wrong} into Go struct field ObjectMeta.metadata.${name} of type string`,
    );
  }
  return Object.keys(map).length === 0 ? undefined : map;
}
