import type { Clock } from '../../base/clock.ts';
import type { AccessReviews } from '../access-reviews.ts';
import type { ConfigMap } from '../config-maps.ts';
import type { Namespace } from '../namespaces.ts';
import type { PodLookup } from '../pod-directory.ts';
import type { Pod } from '../pods.ts';
import type { ResourceSource } from '../resource-source.ts';
import type { Secret } from '../secrets.ts';
import type { SelfReviews } from '../self-reviews.ts';
import type { SigningRequest, SigningRequests } from '../signing-requests.ts';
import type { TokenReviews } from '../token-reviews.ts';
import { KubernetesAccessReviews } from './access-reviews-adapter.ts';
import { ApiCalls } from './api-calls.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { parseConfigMap, parseNamespace, parsePod, parseSecret } from './resource-objects.ts';
import { KubernetesResource } from './resource-sources.ts';
import type { KubernetesResourceOptions } from './resource-sources.ts';
import { KubernetesSelfReviews } from './self-reviews-adapter.ts';
import { parseSigningRequest } from './signing-request-object.ts';
import { KubernetesSigningRequests } from './signing-requests-adapter.ts';
import { KubernetesTokenReviews } from './token-reviews-adapter.ts';
import { KubernetesPodLookup } from './pod-lookup-adapter.ts';
import { KubeTransport } from './transport.ts';

/** The ports of src/kube over one real API server. */
export interface KubernetesApi {
  readonly signingRequests: SigningRequests;
  readonly tokenReviews: TokenReviews;
  readonly accessReviews: AccessReviews;
  readonly podLookup: PodLookup;
  readonly selfReviews: SelfReviews;
  signingRequestSource(labelSelector: string): ResourceSource<SigningRequest>;
  /** The one ConfigMap of that name: a right that is bound to the name is enough. */
  configMapSource(namespace: string, name: string): ResourceSource<ConfigMap>;
  /** Those Secrets of one namespace that carry the labels. */
  secretSource(namespace: string, labelSelector: string): ResourceSource<Secret>;
  namespaceSource(): ResourceSource<Namespace>;
  podSource(labelSelector?: string): ResourceSource<Pod>;
  /** Istio's ProxyConfigs, read by `parse`, which throws when the JSON is no such object. */
  proxyConfigSource<T>(parse: (raw: unknown) => T): ResourceSource<T>;
  /** Ends every call and watch under way; idempotent. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Such as `istio-ra/0.1.0`; it appears in the API server's audit log. */
  readonly userAgent: string;
  /** How many calls may be on their way at once; 16 where absent. */
  readonly connections?: number;
  /**
   * One HTTP/2 session in place of those connections; false where absent, because it costs half as
   * much CPU again for each call.
   */
  readonly http2?: boolean;
}

/** Opens nothing yet: the first call does. */
export function connectKubernetes(options: ConnectOptions): KubernetesApi {
  const { access, clock, userAgent, connections = 16, http2 = false } = options;
  const settings = { connections, http2 };
  const transport = new KubeTransport({ access, clock, userAgent, settings });
  const calls = new ApiCalls(transport, access.server);
  const { podsOfNamespace, ...sources } = resourceSources(transport, access.server);
  return {
    ...sources,
    signingRequests: new KubernetesSigningRequests({ calls, source: sources.signingRequestSource }),
    tokenReviews: new KubernetesTokenReviews(calls),
    accessReviews: new KubernetesAccessReviews(calls),
    selfReviews: new KubernetesSelfReviews(calls),
    podLookup: new KubernetesPodLookup({ calls, source: podsOfNamespace }),
    close: () => transport.close(),
  };
}

type Selection<T> = Omit<KubernetesResourceOptions<T>, 'transport' | 'prefix' | 'path'>;

function resourceSources(transport: KubeTransport, server: string) {
  const prefix = new URL(server).pathname.replace(/\/$/, '');
  const source = <T>(folder: string, selection: Selection<T>): ResourceSource<T> => {
    const path = `${folder}/${selection.resource}`;
    return new KubernetesResource({ ...selection, transport, prefix, path });
  };
  return {
    signingRequestSource: (labelSelector: string) =>
      source('/apis/certificates.k8s.io/v1', {
        resource: 'certificatesigningrequests',
        labelSelector,
        parse: parseSigningRequest,
      }),
    configMapSource: (namespace: string, name: string) =>
      source(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, {
        resource: 'configmaps',
        fieldSelector: `metadata.name=${name}`,
        parse: parseConfigMap,
      }),
    secretSource: (namespace: string, labelSelector: string) =>
      source(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, {
        resource: 'secrets',
        labelSelector,
        parse: parseSecret,
      }),
    namespaceSource: () => source('/api/v1', { resource: 'namespaces', parse: parseNamespace }),
    podsOfNamespace: (namespace: string, fieldSelector: string) =>
      source(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, {
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
