import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubernetesApi } from '../../../../src/kube/client-node/connect-kubernetes.ts';
import type { ResourceSource } from '../../../../src/kube/resource-source.ts';
import { connectTo, never } from './connected-api.ts';
import { LoopbackApi, sendJson } from './loopback-api.ts';

let api: LoopbackApi;

beforeEach(async () => {
  api = await LoopbackApi.start();
});

afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const metadata = {
  name: 'x',
  namespace: 'foo',
  uid: 'uid-of-x',
  resourceVersion: '7',
  labels: { app: 'x' },
};
const identity = { name: 'x', namespace: 'foo', uid: 'uid-of-x', resourceVersion: '7' };
const labels = { app: 'x' };

interface Case {
  readonly what: string;
  readonly sourceOf: (kubernetes: KubernetesApi) => ResourceSource<unknown>;
  readonly path: string;
  readonly object: object;
  readonly expected: object;
}

const cases: readonly Case[] = [
  {
    what: 'a ConfigMap by its name',
    sourceOf: (kubernetes) => kubernetes.configMapSource('istio-system', 'istio'),
    path: '/api/v1/namespaces/istio-system/configmaps?limit=500&fieldSelector=metadata.name%3Distio',
    object: { metadata, data: { mesh: 'trustDomain: cluster.local' } },
    expected: { ...identity, data: { mesh: 'trustDomain: cluster.local' } },
  },
  {
    what: 'namespaces',
    sourceOf: (kubernetes) => kubernetes.namespaceSource(),
    path: '/api/v1/namespaces?limit=500',
    object: { metadata, status: { phase: 'Active' } },
    expected: { ...identity, labels, annotations: {}, phase: 'Active' },
  },
  {
    what: 'pods',
    sourceOf: (kubernetes) => kubernetes.podSource('app=x'),
    path: '/api/v1/pods?limit=500&labelSelector=app%3Dx',
    object: {
      metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: { serviceAccountName: 'httpbin', nodeName: 'n' },
      status: { phase: 'Running' },
    },
    expected: {
      ...identity,
      labels,
      serviceAccount: 'httpbin',
      nodeName: 'n',
      phase: 'Running',
      deletionTimestamp: Date.UTC(2026, 0, 1),
    },
  },
  {
    what: 'pods that nobody has scheduled',
    sourceOf: (kubernetes) => kubernetes.podSource(),
    path: '/api/v1/pods?limit=500',
    object: { metadata },
    expected: {
      ...identity,
      labels,
      serviceAccount: '',
      nodeName: undefined,
      phase: '',
      deletionTimestamp: undefined,
    },
  },
  {
    what: "Istio's ProxyConfigs",
    sourceOf: (kubernetes) => kubernetes.proxyConfigSource((raw) => raw),
    path: '/apis/networking.istio.io/v1beta1/proxyconfigs?limit=500',
    object: {
      metadata,
      spec: {
        selector: { matchLabels: { app: 'x' } },
        environmentVariables: { ISTIO_META_CERT_SIGNER: 'foo' },
      },
    },
    expected: {
      metadata,
      spec: {
        selector: { matchLabels: { app: 'x' } },
        environmentVariables: { ISTIO_META_CERT_SIGNER: 'foo' },
      },
    },
  },
];

describe('a source', () => {
  it.each(cases)('lists $what', async ({ sourceOf, path, object, expected }) => {
    api.answer = (_call, response) =>
      sendJson(response, 200, { metadata: { resourceVersion: '9' }, items: [object] });
    const kubernetes = connectTo(api.url);
    const list = await sourceOf(kubernetes).list(never);
    await kubernetes.close();
    expect(list).toEqual({ items: [expected], resourceVersion: '9' });
    expect(api.last.url).toBe(path);
  });

  it('keeps to the path of a server behind a gateway', async () => {
    api.answer = (_call, response) => sendJson(response, 200, { items: [] });
    const kubernetes = connectTo(`${api.url}/k8s/clusters/c-1`);
    await kubernetes.namespaceSource().list(never);
    await kubernetes.signingRequests.read('x', never).catch(() => undefined);
    await kubernetes.close();
    expect(api.calls.map((call) => call.url)).toEqual([
      '/k8s/clusters/c-1/api/v1/namespaces?limit=500',
      '/k8s/clusters/c-1/apis/certificates.k8s.io/v1/certificatesigningrequests/x',
    ]);
  });
});
