import { stringify as toYaml } from 'yaml';
import type { ObjectList } from './answer.ts';
import { objectAt, without } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';
import { apiVersionOf } from './resource-registry.ts';
import type { ResourceDefinition } from './resource-registry.ts';
import { badRequest, notAcceptable } from './status-error.ts';
import { tableOf } from './resource-table.ts';

/** The form in which a client wants objects. */
export interface Presentation {
  readonly form: 'whole' | 'table' | 'metadata';
  readonly mediaType: 'application/json' | 'application/yaml';
}

const mediaTypes = ['application/json', 'application/yaml'] as const;

/**
 * The first form in the `accept` header that the sandbox can give. Throws a StatusError (406) when
 * it can give none.
 */
export function negotiate(accept: string | undefined): Presentation {
  if (accept === undefined || accept.trim() === '')
    return { form: 'whole', mediaType: mediaTypes[0] };
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const mediaType = mediaTypes.find((known) => isIn(type, known));
    const form = formOf(parameters);
    if (mediaType !== undefined && form !== undefined) return { form, mediaType };
  }
  throw notAcceptable(mediaTypes);
}

function isIn(range: string, type: string): boolean {
  return range === type || range === '*/*' || range === 'application/*';
}

/** Undefined for a form that the sandbox does not have, such as aggregated discovery. */
function formOf(parameters: readonly string[]): Presentation['form'] | undefined {
  const given = new Map(
    parameters.map((parameter) => [...parameter.split('=', 2), ''] as [string, string]),
  );
  const as = given.get('as');
  if (as === undefined) return 'whole';
  if (given.get('g') !== 'meta.k8s.io' || given.get('v') !== 'v1') return undefined;
  if (as === 'Table') return 'table';
  return as.startsWith('PartialObjectMetadata') ? 'metadata' : undefined;
}

export interface ObjectContext {
  readonly definition: ResourceDefinition;
  /** The version that the request's path names. */
  readonly version: string;
  /** What of the object goes beside the cells of a table. */
  readonly includeObject: string;
  readonly now: number;
}

/** An object in the form that was asked for. */
export function presentObject(
  object: JsonObject,
  { form }: Presentation,
  context: ObjectContext,
): JsonObject {
  switch (form) {
    case 'whole':
      return inVersion(object, context);
    case 'metadata':
      return metadataOnly(object);
    case 'table':
      return tableOf([object], {
        ...context,
        metadata: { resourceVersion: objectAt(object, 'metadata')['resourceVersion'] },
        rowObject: (row) => rowObject(row, context),
      });
  }
}

/** A list in the form that was asked for. */
export function presentList(
  { items, metadata }: ObjectList,
  { form }: Presentation,
  context: ObjectContext,
): JsonObject {
  const { definition, version } = context;
  switch (form) {
    case 'whole':
      return {
        kind: `${definition.kind}List`,
        apiVersion: apiVersionOf(definition.group, version),
        metadata,
        // Built-in types leave out in a list what the list says for all; custom ones do not.
        items: items.map((item) =>
          definition.custom ? inVersion(item, context) : without(item, 'kind', 'apiVersion'),
        ),
      };
    case 'metadata':
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: items.map(metadataOnly),
      };
    case 'table':
      return tableOf(items, { ...context, metadata, rowObject: (row) => rowObject(row, context) });
  }
}

/** The text of a value; for people (`pretty`) over several lines. */
export function serialize(value: unknown, { mediaType }: Presentation, pretty: boolean): string {
  if (mediaType === 'application/yaml') return toYaml(value);
  return pretty ? `${JSON.stringify(value, null, 2)}\n` : JSON.stringify(value);
}

function inVersion(object: JsonObject, { definition, version }: ObjectContext): JsonObject {
  const apiVersion = apiVersionOf(definition.group, version);
  return object['apiVersion'] === apiVersion ? object : { ...object, apiVersion };
}

function metadataOnly(object: JsonObject): JsonObject {
  const { metadata } = object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function rowObject(object: JsonObject, context: ObjectContext): JsonObject | undefined {
  switch (context.includeObject) {
    case 'None':
      return undefined;
    case 'Metadata':
      return metadataOnly(object);
    case 'Object':
      return inVersion(object, context);
    default:
      throw badRequest(`unrecognized includeObject value: ${context.includeObject}`);
  }
}
