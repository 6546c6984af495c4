import type { JsonObject } from './kube-object.ts';
import { apiVersionOf, resources, verbsOf } from './resource-registry.ts';
import type { ResourceDefinition } from './resource-registry.ts';

/** What `/version` says: the API server whose behaviour is the model. */
const version = {
  major: '1',
  minor: '37',
  gitVersion: 'v1.37.2-istio-ra-sandbox',
  gitCommit: '',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'linux/amd64',
};

/** The document at a discovery path; undefined when there is none. `host` is `address:port`. */
export function discoveryDocument(path: string, host: string): JsonObject | undefined {
  const trimmed = path.replace(/\/+$/, '');
  switch (trimmed) {
    case '/version':
      return version;
    case '/api':
      return coreVersions(host);
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupNames().map(groupDocument) };
    case '/openapi/v3':
      return openApiIndex();
    default:
      return documentBelow(trimmed.split('/').slice(1));
  }
}

function documentBelow([root, first, second, ...more]: readonly string[]): JsonObject | undefined {
  if (root === 'openapi') return openApiBelow([first, second, ...more]);
  if (more.length > 0 || first === undefined) return undefined;
  if (root === 'api') return second === undefined ? resourceList('', first) : undefined;
  if (root !== 'apis' || !groupNames().includes(first)) return undefined;
  if (second !== undefined) return resourceList(first, second);
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(first) };
}

function groupNames(): readonly string[] {
  return [...new Set(resources.map(({ group }) => group))].filter((group) => group !== '');
}

function versionsOf(group: string): readonly string[] {
  const inGroup = resources.filter((definition) => definition.group === group);
  return [...new Set(inGroup.flatMap(({ versions }) => versions))];
}

function coreVersions(host: string): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: host }],
  };
}

function groupDocument(name: string): JsonObject {
  const versions = versionsOf(name).map((served) => ({
    groupVersion: apiVersionOf(name, served),
    version: served,
  }));
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList(group: string, served: string): JsonObject | undefined {
  const definitions = resources.filter(
    (definition) => definition.group === group && definition.versions.includes(served),
  );
  if (definitions.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf(group, served),
    resources: definitions.flatMap((definition) => [
      resourceEntry(definition),
      ...definition.subresources.map((subresource) => subresourceEntry(definition, subresource)),
    ]),
  };
}

function resourceEntry(definition: ResourceDefinition): JsonObject {
  const { plural, singular, namespaced, kind, shortNames } = definition;
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbsOf(definition),
    ...(shortNames.length === 0 ? {} : { shortNames }),
  };
}

function subresourceEntry(
  { plural, namespaced, kind }: ResourceDefinition,
  part: string,
): JsonObject {
  const entry = { name: `${plural}/${part}`, singularName: '', namespaced };
  if (part !== 'token') return { ...entry, kind, verbs: ['get', 'patch', 'update'] };
  const token = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
  return { ...entry, ...token, verbs: ['create'] };
}

function openApiIndex(): JsonObject {
  const groupVersions = ['', ...groupNames()].flatMap((group) =>
    versionsOf(group).map(
      (served) => `${group === '' ? 'api' : 'apis'}/${apiVersionOf(group, served)}`,
    ),
  );
  const paths = groupVersions.map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }]);
  return { paths: Object.fromEntries(paths) as JsonObject };
}

/**
 * An OpenAPI document with the least that clients look for: that PATCH takes `fieldValidation`,
 * which tells kubectl to leave the validation of fields to the server.
 */
function openApiBelow([format, root, ...rest]: readonly (string | undefined)[]):
  JsonObject | undefined {
  const [group, served] = root === 'api' ? ['', rest[0]] : rest;
  if (format !== 'v3' || group === undefined || served === undefined) return undefined;
  const definitions = resources.filter(
    (definition) => definition.group === group && definition.versions.includes(served),
  );
  if (definitions.length === 0) return undefined;
  const entries = definitions.map((definition) => openApiPath(definition, served));
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: version.gitVersion },
    paths: Object.fromEntries(entries),
    components: { schemas: {} },
  };
}

function openApiPath(
  { group, plural, kind, namespaced }: ResourceDefinition,
  served: string,
): [string, JsonObject] {
  const base = `/${group === '' ? 'api' : 'apis'}/${apiVersionOf(group, served)}`;
  const place = namespaced ? '/namespaces/{namespace}' : '';
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string' },
  }));
  const patch = {
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group, version: served, kind },
    parameters,
    responses: { 200: { description: 'OK' } },
  };
  return [`${base}${place}/${plural}/{name}`, { patch }];
}
