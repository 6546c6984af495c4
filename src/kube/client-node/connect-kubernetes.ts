import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { AccessReviews, SelfReviews, TokenReviews } from '../reviews.ts';
import type { KubernetesClientState } from '../client-state.ts';
import type { ClusterInspection } from '../cluster-inspection.ts';
import type { ClusterTrustBundles } from '../cluster-trust-bundles.ts';
import type { ConfigMapWrites, KeptEntry, KeptEntryKind } from '../config-map-writes.ts';
import type { ConfigMap, Namespace, Pod, Secret, Service } from '../objects.ts';
import type { IssuerStatuses } from '../issuers.ts';
import type { Leases } from '../leases.ts';
import type { PodLookup } from '../pod-directory.ts';
import type { ResourceSource } from '../resource-source.ts';
import type { RequestEvents } from '../request-events.ts';
import type { SecretWrites } from '../secret-writes.ts';
import type { SigningRequest, SigningRequests } from '../signing-requests.ts';
import { KubernetesAccessReviews } from './access-reviews-adapter.ts';
import { ApiCalls } from './api-calls.ts';
import {
  KubernetesClusterTrustBundles,
  parseClusterTrustBundle,
} from './cluster-trust-bundles-adapter.ts';
import { KubernetesConfigMapWrites, parseKeptEntry } from './config-map-writes-adapter.ts';
import { KubernetesClusterInspection } from './cluster-inspection-adapter.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { KubernetesIssuerStatuses } from './issuer-statuses-adapter.ts';
import { pathPrefixOf } from './json-answer.ts';
import { JsonCalls } from './json-calls.ts';
import { KubernetesLeases } from './leases-adapter.ts';
import { ObjectCalls } from './object-calls.ts';
import {
  parseConfigMap,
  parseNamespace,
  parsePod,
  parseSecret,
  parseService,
} from './resource-objects.ts';
import { KubernetesResource } from './resource-sources.ts';
import type { KubernetesResourceOptions } from './resource-sources.ts';
import { KubernetesRequestEvents } from './request-events-adapter.ts';
import { KubernetesSecretWrites } from './secret-writes-adapter.ts';
import { KubernetesSelfReviews } from './self-reviews-adapter.ts';
import { parseSigningRequest } from './signing-request-object.ts';
import { KubernetesSigningRequests } from './signing-requests-adapter.ts';
import { KubernetesTokenReviews } from './token-reviews-adapter.ts';
import { KubernetesPodLookup } from './pod-lookup-adapter.ts';
import { KubeTransport } from './transport.ts';
import type { CallOutcome } from './transport.ts';

/** The ports of src/kube over one real API server. */
export interface KubernetesApi {
  readonly signingRequests: SigningRequests;
  readonly tokenReviews: TokenReviews;
  readonly accessReviews: AccessReviews;
  readonly podLookup: PodLookup;
  readonly selfReviews: SelfReviews;
  /** What a signer's own issuer says of itself, and the events of a request: both rights are optional. */
  readonly issuerStatuses: IssuerStatuses;
  readonly requestEvents: RequestEvents;
  /** For `istio-ra check` alone. */
  readonly inspection: ClusterInspection;
  readonly leases: Leases;
  readonly secretWrites: SecretWrites;
  readonly configMapWrites: ConfigMapWrites;
  readonly clusterTrustBundles: ClusterTrustBundles;
  signingRequestSource(labelSelector: string): ResourceSource<SigningRequest>;
  /** The one ConfigMap of that name: a right that is bound to the name is enough. */
  configMapSource(namespace: string, name: string): ResourceSource<ConfigMap>;
  /** The ConfigMaps of one name in all namespaces: a right that is bound to the name is enough. */
  keptEntrySource(kind: KeptEntryKind): ResourceSource<KeptEntry>;
  /** Those Secrets of one namespace that carry the labels. */
  secretSource(namespace: string, labelSelector: string): ResourceSource<Secret>;
  /** Those Services of one namespace that carry the labels. */
  serviceSource(namespace: string, labelSelector: string): ResourceSource<Service>;
  namespaceSource(): ResourceSource<Namespace>;
  podSource(labelSelector?: string): ResourceSource<Pod>;
  /** Istio's ProxyConfigs, read by `parse`, which throws when the JSON is no such object. */
  proxyConfigSource<T>(parse: (raw: unknown) => T): ResourceSource<T>;
  /** How the calls are going now. */
  state(): KubernetesClientState;
  /** Ends every call and watch under way; idempotent. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Such as `istio-ra/0.1.0`; it appears in the API server's audit log. */
  readonly userAgent: string;
  /**
   * How many calls may be on their way at once; 48 where absent. Where the server bears fewer, as it
   * tells by what it refuses, down to 2.
   */
  readonly connections?: number;
  /**
   * One HTTP/2 session in place of those connections; false where absent, because it costs half as
   * much CPU again for each call.
   */
  readonly http2?: boolean;
  /** Called at the end of each try of a call; it must not throw. */
  readonly onCall?: ((outcome: CallOutcome) => void) | undefined;
  /** Told when the server goes away and comes back, and of clocks that differ. */
  readonly log?: Logger | undefined;
}

/** Opens nothing yet: the first call does. */
export function connectKubernetes(options: ConnectOptions): KubernetesApi {
  const { access, clock, userAgent, onCall, log, connections = 48, http2 = false } = options;
  const settings = { connections, http2 };
  const transport = new KubeTransport({ access, clock, userAgent, settings, onCall, log });
  const calls = new ApiCalls(transport, access.server);
  const objects = new ObjectCalls(transport, access.server);
  const json = new JsonCalls(transport, access.server);
  const { podsOfNamespace, trustBundles, ...sources } = resourceSources(transport, access.server);
  return {
    ...sources,
    signingRequests: new KubernetesSigningRequests({
      calls,
      json,
      source: sources.signingRequestSource,
    }),
    tokenReviews: new KubernetesTokenReviews(calls),
    accessReviews: new KubernetesAccessReviews(calls),
    selfReviews: new KubernetesSelfReviews(calls),
    issuerStatuses: new KubernetesIssuerStatuses(json),
    requestEvents: new KubernetesRequestEvents(json),
    inspection: new KubernetesClusterInspection(json),
    leases: new KubernetesLeases(objects),
    secretWrites: new KubernetesSecretWrites(objects),
    configMapWrites: new KubernetesConfigMapWrites(objects),
    clusterTrustBundles: new KubernetesClusterTrustBundles({
      calls: objects,
      source: trustBundles,
    }),
    podLookup: new KubernetesPodLookup({ calls, source: podsOfNamespace }),
    state: () => transport.state,
    close: () => transport.close(),
  };
}

type Selection<T> = Omit<KubernetesResourceOptions<T>, 'transport' | 'prefix' | 'path'>;

function resourceSources(transport: KubeTransport, server: string) {
  const prefix = pathPrefixOf(server);
  const source = <T>(folder: string, selection: Selection<T>): ResourceSource<T> => {
    const path = `${folder}/${selection.resource}`;
    return new KubernetesResource({ ...selection, transport, prefix, path });
  };
  const inNamespace = <T>(namespace: string, selection: Selection<T>): ResourceSource<T> =>
    source(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, selection);
  return {
    signingRequestSource: (labelSelector: string) =>
      source('/apis/certificates.k8s.io/v1', {
        resource: 'certificatesigningrequests',
        labelSelector,
        parse: parseSigningRequest,
      }),
    configMapSource: (namespace: string, name: string) =>
      inNamespace(namespace, {
        resource: 'configmaps',
        fieldSelector: `metadata.name=${name}`,
        parse: parseConfigMap,
      }),
    keptEntrySource: (kind: KeptEntryKind) =>
      source('/api/v1', {
        resource: 'configmaps',
        fieldSelector: `metadata.name=${kind.name}`,
        parse: (raw) => parseKeptEntry(raw, kind),
      }),
    trustBundles: (folder: string, labelSelector: string) => {
      const parse = parseClusterTrustBundle;
      return source(folder, { resource: 'clustertrustbundles', labelSelector, parse });
    },
    secretSource: (namespace: string, labelSelector: string) =>
      inNamespace(namespace, { resource: 'secrets', labelSelector, parse: parseSecret }),
    serviceSource: (namespace: string, labelSelector: string) =>
      inNamespace(namespace, { resource: 'services', labelSelector, parse: parseService }),
    namespaceSource: () => source('/api/v1', { resource: 'namespaces', parse: parseNamespace }),
    podsOfNamespace: (namespace: string, fieldSelector: string) =>
      inNamespace(namespace, {
        resource: 'pods',
        fieldSelector,
        parse: parsePod,
      }),
    podSource: (labelSelector?: string) =>
      source('/api/v1', { resource: 'pods', labelSelector, parse: parsePod }),
    proxyConfigSource: <T>(parse: (raw: unknown) => T) =>
      source('/apis/networking.istio.io/v1beta1', { resource: 'proxyconfigs', parse }),
  };
}
