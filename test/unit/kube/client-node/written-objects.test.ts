import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubernetesApi } from '../../../../src/kube/client-node/connect-kubernetes.ts';
import { connectTo, never } from './connected-api.ts';
import { LoopbackApi, sendJson, sendStatus } from './loopback-api.ts';

let api: LoopbackApi;
let kubernetes: KubernetesApi;

beforeEach(async () => {
  api = await LoopbackApi.start();
  kubernetes = connectTo(`${api.url}/k8s`);
});

afterEach(async () => {
  await kubernetes.close();
  await api[Symbol.asyncDispose]();
});

const group = '/k8s/apis/certificates.k8s.io';
const draft = {
  name: 'x.y:z:istio-ra',
  signerName: 'x.y/z',
  labels: { a: 'b' },
  trustBundle: 'roots',
};

/** An API server whose group has the resource in these versions alone. */
function serve(...versions: readonly string[]): void {
  api.answer = ({ method, url }, response) => {
    const discovered = /^\/k8s\/apis\/certificates\.k8s\.io\/(v1\w*)$/.exec(url)?.[1];
    if (method !== 'GET' || discovered === undefined) sendJson(response, 200, {});
    else if (discovered !== 'v1' && !versions.includes(discovered)) {
      sendStatus(response, 404, 'NotFound');
    } else {
      const names = versions.includes(discovered) ? ['clustertrustbundles'] : ['others'];
      sendJson(response, 200, { resources: names.map((name) => ({ name })) });
    }
  };
}

describe('ClusterTrustBundles', () => {
  it.each<[readonly string[], boolean]>([
    [['v1'], true],
    [['v1beta1'], true],
    [['v1alpha1'], false],
    [[], false],
  ])('that the server has in %j are found: %p', async (versions, isServed) => {
    serve(...versions);
    await expect(kubernetes.clusterTrustBundles.isServed(never)).resolves.toBe(isServed);
  });

  it.each(['v1', 'v1beta1'])('are applied as istio-ra in %s', async (version) => {
    serve(version);
    await kubernetes.clusterTrustBundles.apply(draft, never);
    const name = 'x.y%3Az%3Aistio-ra';
    expect(api.last).toMatchObject({
      method: 'PATCH',
      url: `${group}/${version}/clustertrustbundles/${name}?fieldManager=istio-ra&force=true`,
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
    expect(JSON.parse(api.last.body)).toEqual({
      apiVersion: `certificates.k8s.io/${version}`,
      kind: 'ClusterTrustBundle',
      metadata: { name: 'x.y:z:istio-ra', labels: { a: 'b' } },
      spec: { signerName: 'x.y/z', trustBundle: 'roots' },
    });
  });

  it('are listed with whose they are', async () => {
    serve('v1');
    await kubernetes.clusterTrustBundles.isServed(never);
    const fieldsV1 = { 'f:spec': { 'f:trustBundle': {} } };
    const managedFields = [{ manager: 'istio-ra', operation: 'Apply', fieldsV1 }];
    const metadata = { name: 'n', uid: 'u', resourceVersion: '7' };
    const spec = { signerName: 'x.y/z', trustBundle: 'roots' };
    api.answer = (_call, response) => {
      const items = [
        { metadata: { ...metadata, managedFields }, spec },
        { metadata, spec },
      ];
      sendJson(response, 200, { items, metadata: { resourceVersion: '9' } });
    };
    await expect(kubernetes.clusterTrustBundles.list('a=b', never)).resolves.toEqual([
      { ...metadata, ...spec, isOurs: true },
      { ...metadata, ...spec, isOurs: false },
    ]);
    expect(api.last.url).toBe(`${group}/v1/clustertrustbundles?limit=500&labelSelector=a%3Db`);
  });

  it('are removed in the state that was seen, and one that is gone is no error', async () => {
    serve('v1');
    await kubernetes.clusterTrustBundles.isServed(never);
    api.answer = (_call, response) => {
      sendStatus(response, 404, 'NotFound');
    };
    const seen = { name: 'n', uid: 'u', resourceVersion: '7' };
    await expect(kubernetes.clusterTrustBundles.remove(seen, never)).resolves.toBeUndefined();
    expect(JSON.parse(api.last.body)).toMatchObject({
      preconditions: { uid: 'u', resourceVersion: '7' },
    });
  });

  it('of a server that has none cannot be applied', async () => {
    serve();
    await expect(kubernetes.clusterTrustBundles.apply(draft, never)).rejects.toMatchObject({
      status: 404,
      message: 'the API server has no ClusterTrustBundles',
    });
  });
});

describe('a lease', () => {
  const place = { namespace: 'istio-system', name: 'istio-ra-leader' };
  const record = {
    holder: 'one',
    durationSeconds: 10,
    acquiredAt: Date.UTC(2026, 0, 1),
    renewedAt: Date.UTC(2026, 0, 1, 0, 0, 1, 5),
    transitions: 2,
  };

  it('is written as the API wants it', async () => {
    api.answer = ({ body }, response) => {
      sendJson(response, 200, JSON.parse(body));
    };
    const lease = { ...place, resourceVersion: '7', record };
    await expect(kubernetes.leases.update(lease, never)).resolves.toEqual(lease);
    expect(JSON.parse(api.last.body)).toEqual({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...place, resourceVersion: '7' },
      spec: {
        holderIdentity: 'one',
        leaseDurationSeconds: 10,
        acquireTime: '2026-01-01T00:00:00.000000Z',
        renewTime: '2026-01-01T00:00:01.005000Z',
        leaseTransitions: 2,
      },
    });
  });

  it('without a spec is nobody’s', async () => {
    api.answer = (_call, response) => {
      sendJson(response, 200, { metadata: { ...place, resourceVersion: '7' } });
    };
    const { namespace, name } = place;
    const free = { holder: '', durationSeconds: 0, acquiredAt: 0, renewedAt: 0, transitions: 0 };
    await expect(kubernetes.leases.read(namespace, name, never)).resolves.toMatchObject({
      record: free,
    });
  });

  it.each([{}, [], 'x'])('cannot be read from %j', async (answer) => {
    api.answer = (_call, response) => {
      sendJson(response, 200, answer);
    };
    await expect(kubernetes.leases.read('a', 'b', never)).rejects.toMatchObject({
      reason: 'BadAnswer',
    });
  });
});
