import { readYaml } from '../base/yaml-document.ts';
import type { UserInfo } from './user-info.ts';
import { invalid, invalidObject } from './field-error.ts';
import { decodeProtobuf, protobufType } from './kubernetes-protobuf.ts';
import { isJsonObject, textAt } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';
import { apiVersionOf } from './resource-registry.ts';
import type { ResourceDefinition } from './resource-registry.ts';
import type { Verb } from './request-info.ts';
import { badRequest, unsupportedMediaType } from './status-error.ts';

/** A request to a resource that exists, from a user who may make it. */
export interface ResourceRequest {
  readonly verb: Verb;
  readonly definition: ResourceDefinition;
  readonly version: string;
  /** Undefined for cluster-scoped resources, and for collections over all namespaces. */
  readonly namespace: string | undefined;
  /** Empty where the path has none. */
  readonly name: string;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  /** Empty where the client does not say. */
  readonly userAgent: string;
  readonly body: RequestBody;
}

export interface RequestBody {
  readonly bytes: Buffer;
  /** Without parameters, in lower case; empty where there was no header. */
  readonly contentType: string;
}

const jsonType = 'application/json';
const yamlType = 'application/yaml';

/** The object in the body of a create or update. Throws a StatusError (400, 415). */
export function parseObject({ body, definition, version }: ResourceRequest): JsonObject {
  const { kind } = definition;
  return checkedType(parseBody(body, kind), { definition, version });
}

/** What is applied. Throws a StatusError (400) where it does not say that it is what the path names. */
export function parseApplied({ body, definition, version, name }: ResourceRequest): JsonObject {
  const object = asObject(parseYamlText(body.bytes.toString('utf8')), definition.kind);
  if ([object['apiVersion'], object['kind']].some((text) => text === undefined)) {
    throw badRequest('Object apiVersion or kind is missing');
  }
  checkedType(object, { definition, version });
  const named = textAt(object, 'metadata', 'name') ?? name;
  if (named !== name) {
    throw badRequest(
      `the name of the object (${named}) does not match the name on the URL (${name})`,
    );
  }
  return object;
}

type TypePlace = Pick<ResourceRequest, 'definition' | 'version'>;

function checkedType(object: JsonObject, { definition, version }: TypePlace): JsonObject {
  const { kind, group, custom } = definition;
  const apiVersion = apiVersionOf(group, version);
  const givenVersion = textAt(object, 'apiVersion') ?? '';
  const givenKind = textAt(object, 'kind') ?? '';
  if (custom) checkCustomKind(definition, [givenVersion, givenKind]);
  if (givenKind !== '' && givenKind !== kind) {
    const what = `${givenKind} in version "${givenVersion}"`;
    throw badRequest(`${what} cannot be handled as a ${kind}: unknown conversion`);
  }
  if (givenVersion !== '' && givenVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${givenVersion}) does not match the expected API version (${apiVersion})`,
    );
  }
  return object;
}

/** Custom resources must say what they are. */
function checkCustomKind(
  { group, kind }: ResourceDefinition,
  [givenVersion, givenKind]: readonly [string, string],
): void {
  if (givenVersion === '' || givenKind === '') {
    throw badRequest('Object apiVersion or kind is missing');
  }
  if (givenKind === kind) return;
  throw invalidObject({ group, kind }, '', [invalid('kind', givenKind, `must be ${kind}`)]);
}

/** The options that a DELETE may carry. Throws a StatusError (400, 415). */
export function parseDeleteOptions({ body }: ResourceRequest): JsonObject {
  return body.bytes.length === 0 ? {} : parseBody(body, 'DeleteOptions');
}

function parseBody(body: RequestBody, kind: string): JsonObject {
  const text = body.bytes.toString('utf8');
  switch (body.contentType) {
    case '':
    case jsonType:
      return asObject(parseJson(text, kind), kind);
    case yamlType:
      return asObject(parseYamlText(text), kind);
    case protobufType:
      return decodeProtobuf(body.bytes);
    default:
      throw unsupportedMediaType([jsonType, yamlType, protobufType]);
  }
}

function unrecognized(kind: string, why: string): Error {
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why}`,
  );
}

function parseJson(text: string, kind: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw unrecognized(kind, error instanceof Error ? error.message : 'malformed');
  }
}

/** YAML, of which JSON is a part. Throws a StatusError (400). */
export function parseYamlText(text: string): unknown {
  try {
    return readYaml(text, { maxAliases: 0 });
  } catch (error) {
    throw badRequest(
      `error converting YAML to JSON: ${error instanceof Error ? error.message : ''}`,
    );
  }
}

function asObject(value: unknown, kind: string): JsonObject {
  if (!isJsonObject(value)) throw unrecognized(kind, 'the body is not an object');
  return value;
}
