import { findResource } from './resource-registry.ts';
import type { ResourceDefinition } from './resource-registry.ts';

export type Verb =
  'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request to objects of a resource, known to the sandbox or not. */
export interface ResourceRequestInfo {
  readonly kind: 'resource';
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** Undefined when there is no such resource in that group and version. */
  readonly definition: ResourceDefinition | undefined;
}

/** A request to anything else. */
export interface PathRequestInfo {
  readonly kind: 'path';
  readonly verb: string;
  readonly path: string;
}

export type RequestInfo = ResourceRequestInfo | PathRequestInfo;

/** What a method and URL ask for, in the API server's terms. */
export function requestInfoOf(method: string, url: URL): RequestInfo {
  const segments = url.pathname.split('/').filter((segment) => segment !== '');
  const [root, ...afterRoot] = segments.map(decodeSegment);
  const [group, version, rest] =
    root === 'api'
      ? ['', afterRoot[0], afterRoot.slice(1)]
      : [afterRoot[0], afterRoot[1], afterRoot.slice(2)];
  const isApi = root === 'api' || root === 'apis';
  if (!isApi || group === undefined || version === undefined || rest.length === 0) {
    return { kind: 'path', verb: method.toLowerCase(), path: url.pathname };
  }
  const target = targetOf(rest);
  const name = target.name ?? nameSelectedBy(url.searchParams, method);
  const found = findResource(group, target.plural);
  return {
    kind: 'resource',
    verb: verbOf(method, target.name, url.searchParams),
    group,
    version,
    ...target,
    name,
    definition: found?.versions.includes(version) === true ? found : undefined,
  };
}

interface Target {
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const namespaceSubresources = ['status', 'finalize'];

function targetOf([first = '', second, third, ...more]: readonly string[]): Target {
  const isInNamespace =
    first === 'namespaces' && third !== undefined && !namespaceSubresources.includes(third);
  if (!isInNamespace) {
    const namespace = first === 'namespaces' ? second : undefined;
    return { plural: first, namespace, name: second, subresource: third };
  }
  const [name, subresource] = more;
  return { plural: third, namespace: second, name, subresource };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): Verb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      if (name !== undefined) return 'get';
      return isTrue(query.get('watch')) ? 'watch' : 'list';
  }
}

/** A boolean query parameter, as Go's strconv reads it. */
export function isTrue(value: string | null): boolean {
  return value !== null && ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value);
}

/** A collection request for one name counts as one for that name, which RBAC needs. */
function nameSelectedBy(query: URLSearchParams, method: string): string | undefined {
  if (method === 'POST') return undefined;
  const [, name] = /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get('fieldSelector') ?? '') ?? [];
  return name;
}
