/** A resource that the sandbox serves. */
export interface ResourceDefinition {
  readonly group: string;
  /** The preferred one first; all show the same objects. */
  readonly versions: readonly string[];
  /** Unique among the sandbox's resources, hence also the key of the store. */
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  /** Review resources are answered, not stored: they can only be created. */
  readonly stored: boolean;
  readonly subresources: readonly string[];
  /** Dotted paths that field selectors may name. */
  readonly fieldSelectors: readonly string[];
  /** Custom resources: names carry `apiVersion` in lists, `metadata.generation` counts spec changes. */
  readonly custom: boolean;
  /** An update must say which version it is based on. */
  readonly conditionalUpdates: boolean;
  /** An update of what is not there creates it. */
  readonly createdByUpdate: boolean;
  /** A deletion answers with the object instead of a Status. */
  readonly returnsDeleted: boolean;
  /** Who writes which field is noted, so that an apply can be a conflict. */
  readonly managesFields: boolean;
  /** The oldest give way beyond this many. */
  readonly limit: number | undefined;
}

function metadataSelectors(namespaced: boolean): readonly string[] {
  return namespaced ? ['metadata.name', 'metadata.namespace'] : ['metadata.name'];
}

type Details = Partial<Omit<ResourceDefinition, 'group' | 'plural' | 'kind'>>;

function resource(
  group: string,
  plural: string,
  kind: string,
  details: Details,
): ResourceDefinition {
  const { fieldSelectors = [], ...others } = details;
  return {
    group,
    plural,
    kind,
    versions: ['v1'],
    singular: kind.toLowerCase(),
    namespaced: false,
    shortNames: [],
    stored: true,
    subresources: [],
    custom: false,
    conditionalUpdates: details.custom ?? false,
    createdByUpdate: false,
    returnsDeleted: false,
    managesFields: false,
    limit: undefined,
    ...others,
    fieldSelectors: [...metadataSelectors(others.namespaced ?? false), ...fieldSelectors],
  };
}

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
const eventSelectors = ['reason', 'reportingComponent', 'source', 'type'].concat(
  involved.map((field) => `involvedObject.${field}`),
);

const core = [
  resource('', 'namespaces', 'Namespace', {
    shortNames: ['ns'],
    subresources: ['status'],
    fieldSelectors: ['status.phase'],
    returnsDeleted: true,
  }),
  resource('', 'pods', 'Pod', {
    namespaced: true,
    shortNames: ['po'],
    subresources: ['status'],
    fieldSelectors: ['spec.nodeName', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
    returnsDeleted: true,
  }),
  resource('', 'serviceaccounts', 'ServiceAccount', {
    namespaced: true,
    shortNames: ['sa'],
    subresources: ['token'],
    returnsDeleted: true,
  }),
  resource('', 'configmaps', 'ConfigMap', {
    namespaced: true,
    shortNames: ['cm'],
    managesFields: true,
  }),
  resource('', 'secrets', 'Secret', {
    namespaced: true,
    fieldSelectors: ['type'],
    managesFields: true,
  }),
  resource('', 'services', 'Service', {
    namespaced: true,
    shortNames: ['svc'],
    subresources: ['status'],
    returnsDeleted: true,
  }),
  resource('', 'events', 'Event', {
    namespaced: true,
    shortNames: ['ev'],
    fieldSelectors: eventSelectors,
    limit: 1000,
  }),
  resource('', 'nodes', 'Node', {
    shortNames: ['no'],
    subresources: ['status'],
    fieldSelectors: ['spec.unschedulable'],
  }),
];

const reviews = [
  resource('authentication.k8s.io', 'tokenreviews', 'TokenReview', { stored: false }),
  resource('authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview', { stored: false }),
  ...[
    ['selfsubjectaccessreviews', 'SelfSubjectAccessReview'],
    ['subjectaccessreviews', 'SubjectAccessReview'],
    ['selfsubjectrulesreviews', 'SelfSubjectRulesReview'],
  ].map(([plural = '', kind = '']) =>
    resource('authorization.k8s.io', plural, kind, { stored: false }),
  ),
];

const custom = [
  resource('networking.istio.io', 'proxyconfigs', 'ProxyConfig', {
    versions: ['v1beta1', 'v1'],
    namespaced: true,
    custom: true,
    subresources: ['status'],
  }),
  resource('cert-manager.io', 'issuers', 'Issuer', {
    namespaced: true,
    custom: true,
    subresources: ['status'],
  }),
  resource('cert-manager.io', 'clusterissuers', 'ClusterIssuer', {
    custom: true,
    subresources: ['status'],
    shortNames: ['ciss'],
  }),
];

export const signingRequests = resource(
  'certificates.k8s.io',
  'certificatesigningrequests',
  'CertificateSigningRequest',
  {
    shortNames: ['csr'],
    subresources: ['approval', 'status'],
    fieldSelectors: ['spec.signerName'],
  },
);

export const trustBundles = resource(
  'certificates.k8s.io',
  'clustertrustbundles',
  'ClusterTrustBundle',
  { fieldSelectors: ['spec.signerName'], conditionalUpdates: true, managesFields: true },
);

export const resources: readonly ResourceDefinition[] = [
  ...core,
  ...reviews,
  signingRequests,
  trustBundles,
  resource('coordination.k8s.io', 'leases', 'Lease', {
    namespaced: true,
    conditionalUpdates: true,
    createdByUpdate: true,
  }),
  ...custom,
];

/** The resource of that plural name; undefined when the sandbox has none. */
export function findResource(group: string, plural: string): ResourceDefinition | undefined {
  return resources.find((known) => known.group === group && known.plural === plural);
}

export function isGroupServed(group: string): boolean {
  return resources.some((definition) => definition.group === group);
}

/** `v1`, or `<group>/<version>`. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The apiVersion that a resource's objects are stored under. */
export function storedApiVersion({ group, versions }: ResourceDefinition): string {
  return apiVersionOf(group, versions[0] ?? 'v1');
}

export function verbsOf(definition: ResourceDefinition): readonly string[] {
  if (!definition.stored) return ['create'];
  const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
  // Namespaces go one by one.
  return definition.plural === 'namespaces'
    ? all.filter((verb) => verb !== 'deletecollection')
    : all;
}
