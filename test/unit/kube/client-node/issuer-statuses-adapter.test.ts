import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubernetesApi } from '../../../../src/kube/client-node/connect-kubernetes.ts';
import { connectTo, never } from './connected-api.ts';
import { LoopbackApi, sendJson, sendStatus } from './loopback-api.ts';

const notReady = {
  status: {
    conditions: [
      { type: 'Other', status: 'True' },
      { type: 'Ready', status: 'False', reason: 'ErrGetKeyPair', message: 'no such secret' },
    ],
  },
};

let api: LoopbackApi;
let kubernetes: KubernetesApi;

beforeEach(async () => {
  api = await LoopbackApi.start();
  api.answer = (_call, response) => sendJson(response, 200, notReady);
  kubernetes = connectTo(api.url);
});

afterEach(async () => {
  await kubernetes.close();
  await api[Symbol.asyncDispose]();
});

describe('the state of an issuer', () => {
  it('of the whole cluster is read by its name', async () => {
    const read = kubernetes.issuerStatuses.read('clusterissuers.cert-manager.io/foo.bar', never);
    await expect(read).resolves.toEqual({
      kind: 'clusterissuers',
      namespace: undefined,
      name: 'foo.bar',
      ready: 'False',
      reason: 'ErrGetKeyPair',
      message: 'no such secret',
    });
    expect(api.last.url).toBe('/apis/cert-manager.io/v1/clusterissuers/foo.bar');
  });

  it('of one namespace is read there', async () => {
    const read = kubernetes.issuerStatuses.read('issuers.cert-manager.io/team-a.foo.bar', never);
    await expect(read).resolves.toMatchObject({ namespace: 'team-a', name: 'foo.bar' });
    expect(api.last.url).toBe('/apis/cert-manager.io/v1/namespaces/team-a/issuers/foo.bar');
  });

  it('of another group is read in the version that the API prefers', async () => {
    api.answer = ({ url }, response) => {
      const group = { preferredVersion: { version: 'v1beta2' } };
      sendJson(response, 200, url === '/apis/ca.test' ? group : notReady);
    };
    const read = kubernetes.issuerStatuses.read('clusterissuers.ca.test/foo', never);
    await expect(read).resolves.toMatchObject({ ready: 'False' });
    expect(api.last.url).toBe('/apis/ca.test/v1beta2/clusterissuers/foo');
  });

  it('is unknown where the issuer says nothing of it', async () => {
    api.answer = (_call, response) => sendJson(response, 200, {});
    const read = kubernetes.issuerStatuses.read('clusterissuers.cert-manager.io/foo', never);
    await expect(read).resolves.toMatchObject({ ready: 'Unknown', reason: '', message: '' });
  });

  it('tells that there is no such issuer', async () => {
    api.answer = (_call, response) => sendStatus(response, 404, 'NotFound');
    const read = kubernetes.issuerStatuses.read('clusterissuers.cert-manager.io/foo', never);
    await expect(read).resolves.toMatchObject({ ready: 'Unknown', reason: 'NotFound' });
  });

  it('is undefined where the API has no such group', async () => {
    api.answer = (_call, response) => sendStatus(response, 404, 'NotFound');
    const read = kubernetes.issuerStatuses.read('clusterissuers.ca.test/foo', never);
    await expect(read).resolves.toBeUndefined();
  });

  it('is an error where we may not read it', async () => {
    api.answer = (_call, response) => sendStatus(response, 403, 'Forbidden');
    const read = kubernetes.issuerStatuses.read('clusterissuers.cert-manager.io/foo', never);
    await expect(read).rejects.toMatchObject({ status: 403, resource: 'clusterissuers' });
  });

  it.each([
    'kubernetes.io/kube-apiserver-client',
    'clusterissuers.cert-manager.io/..',
    'clusterissuers.cert-manager.io/a/b',
    'clusterissuers.../a',
    'issuers.cert-manager.io/no-namespace',
    'issuers.cert-manager.io/..foo',
    '',
  ])('is not asked for where the signer is "%s"', async (signerName) => {
    await expect(kubernetes.issuerStatuses.read(signerName, never)).resolves.toBeUndefined();
    expect(api.calls).toHaveLength(0);
  });
});
