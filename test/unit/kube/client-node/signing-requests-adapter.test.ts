import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubernetesApi } from '../../../../src/kube/client-node/connect-kubernetes.ts';
import { parseSigningRequest } from '../../../../src/kube/client-node/signing-request-object.ts';
import { connectTo, never } from './connected-api.ts';
import { LoopbackApi, sendJson, sendStatus } from './loopback-api.ts';

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** As an API server of the year after next might send it. */
const stored = {
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: {
    name: 'ra-1',
    uid: 'uid-1',
    resourceVersion: '17',
    creationTimestamp: '2026-01-01T00:00:05Z',
    labels: { managed: 'true' },
    annotations: { deadline: '9' },
    managedFields: [{ manager: 'x', time: '2026-01-01T00:00:05.123456Z', fieldsV1: { 'f:a': {} } }],
    fromTheFuture: { kept: true },
  },
  spec: {
    request: base64('PEM of the request'),
    signerName: 'clusterissuers.cert-manager.io/foo',
    usages: ['digital signature', 'client auth'],
    expirationSeconds: 3600,
    username: 'system:serviceaccount:istio-system:istio-ra',
    alsoFromTheFuture: [1, 2],
  },
  status: {
    conditions: [{ type: 'Odd', status: 'Unknown', lastUpdateTime: '2026-01-01T00:00:06Z' }],
    certificate: base64('PEM of the chain'),
  },
};

const draft = {
  name: 'ra-1',
  labels: { managed: 'true' },
  annotations: { deadline: '9' },
  signerName: 'clusterissuers.cert-manager.io/foo',
  requestPem: 'PEM of the request',
  usages: ['digital signature', 'client auth'],
  expirationSeconds: 3600,
};

let api: LoopbackApi;
let kubernetes: KubernetesApi;

beforeEach(async () => {
  api = await LoopbackApi.start();
  api.answer = (_call, response) => sendJson(response, 200, stored);
  kubernetes = connectTo(api.url);
});

afterEach(async () => {
  await kubernetes.close();
  await api[Symbol.asyncDispose]();
});

describe('create', () => {
  it('posts the draft as a CertificateSigningRequest', async () => {
    await kubernetes.signingRequests.create(draft, never);
    expect(api.last).toMatchObject({ method: 'POST', url: path });
    expect(JSON.parse(api.last.body)).toEqual({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'ra-1', labels: { managed: 'true' }, annotations: { deadline: '9' } },
      spec: {
        request: base64('PEM of the request'),
        signerName: 'clusterissuers.cert-manager.io/foo',
        usages: ['digital signature', 'client auth'],
        expirationSeconds: 3600,
      },
    });
  });

  it('returns what the API made of it', async () => {
    const created = await kubernetes.signingRequests.create(draft, never);
    expect(created).toEqual({
      name: 'ra-1',
      uid: 'uid-1',
      resourceVersion: '17',
      creationTimestamp: Date.UTC(2026, 0, 1, 0, 0, 5),
      labels: { managed: 'true' },
      annotations: { deadline: '9' },
      username: 'system:serviceaccount:istio-system:istio-ra',
      signerName: 'clusterissuers.cert-manager.io/foo',
      requestPem: 'PEM of the request',
      usages: ['digital signature', 'client auth'],
      expirationSeconds: 3600,
      conditions: [{ type: 'Odd', status: 'Unknown' }],
      certificatePem: 'PEM of the chain',
      raw: stored,
    });
  });

  it('throws what the API refuses with', async () => {
    api.answer = (_call, response) => sendStatus(response, 409, 'AlreadyExists');
    await expect(kubernetes.signingRequests.create(draft, never)).rejects.toMatchObject({
      name: 'KubeApiError',
      status: 409,
      reason: 'AlreadyExists',
      verb: 'create',
      resource: 'certificatesigningrequests',
    });
  });

  it.each([
    ['no JSON', 'surprise'],
    ['no such object', '{"metadata":{}}'],
    ['no object', '[]'],
  ])('throws when the answer is %s', async (_what, body) => {
    api.answer = (_call, response) => response.end(body);
    await expect(kubernetes.signingRequests.create(draft, never)).rejects.toMatchObject({
      name: 'KubeApiError',
      reason: 'BadAnswer',
    });
  });

  it('rejects with the reason of the signal when it aborts', async () => {
    const tooLate = new Error('too late');
    const controller = new AbortController();
    api.answer = () => controller.abort(tooLate);
    const creation = kubernetes.signingRequests.create(draft, controller.signal);
    await expect(creation).rejects.toBe(tooLate);
  });
});

describe('approve', () => {
  const approval = { reason: 'RegistrationAuthority', message: 'the caller holds the identity' };
  const approved = { type: 'Approved', status: 'True', ...approval };

  it('puts the object back as it came, with the condition added and nothing lost', async () => {
    await kubernetes.signingRequests.approve(parseSigningRequest(stored), approval, never);
    expect(api.last).toMatchObject({ method: 'PUT', url: `${path}/ra-1/approval` });
    const conditions = [...stored.status.conditions, approved];
    expect(JSON.parse(api.last.body)).toEqual({
      ...stored,
      status: { ...stored.status, conditions },
    });
  });

  it('names the kind where the object came out of a list, which leaves it out', async () => {
    const { metadata, spec } = stored;
    const request = parseSigningRequest({ metadata, spec });
    await kubernetes.signingRequests.approve(request, approval, never);
    expect(JSON.parse(api.last.body)).toEqual({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata,
      spec,
      status: { conditions: [approved] },
    });
  });

  it('throws a conflict when the object has changed', async () => {
    api.answer = (_call, response) => sendStatus(response, 409, 'Conflict');
    const approving = kubernetes.signingRequests.approve(
      parseSigningRequest(stored),
      approval,
      never,
    );
    await expect(approving).rejects.toMatchObject({ status: 409, reason: 'Conflict' });
  });
});

describe('read', () => {
  it('gets the object by name', async () => {
    const found = await kubernetes.signingRequests.read('ra-1', never);
    expect(api.last).toMatchObject({ method: 'GET', url: `${path}/ra-1` });
    expect(found?.uid).toBe('uid-1');
  });

  it('gives undefined where there is none', async () => {
    api.answer = (_call, response) => sendStatus(response, 404, 'NotFound');
    await expect(kubernetes.signingRequests.read('ra-1', never)).resolves.toBeUndefined();
  });

  it('cannot be led to another path by a name', async () => {
    await kubernetes.signingRequests.read('../pods?x=1', never);
    expect(api.last.url).toBe(`${path}/..%2Fpods%3Fx%3D1`);
  });
});

describe('remove', () => {
  const target = { name: 'ra-1', uid: 'uid-1' };

  it('deletes that very object', async () => {
    await expect(kubernetes.signingRequests.remove(target, never)).resolves.toBe('removed');
    expect(api.last).toMatchObject({ method: 'DELETE', url: `${path}/ra-1` });
    expect(JSON.parse(api.last.body)).toEqual({ preconditions: { uid: 'uid-1' } });
  });

  it.each([
    ['is not there', 404, 'NotFound'],
    ['has another uid', 409, 'Conflict'],
  ])('takes an object that %s for gone', async (_what, status, reason) => {
    api.answer = (_call, response) => sendStatus(response, status, reason);
    await expect(kubernetes.signingRequests.remove(target, never)).resolves.toBe('already_gone');
  });

  it('throws what else the API refuses with', async () => {
    api.answer = (_call, response) => sendStatus(response, 403, 'Forbidden');
    await expect(kubernetes.signingRequests.remove(target, never)).rejects.toMatchObject({
      status: 403,
    });
  });
});

describe('list', () => {
  it('gives all that the selector selects', async () => {
    api.answer = (_call, response) =>
      sendJson(response, 200, { metadata: { resourceVersion: '20' }, items: [stored] });
    const [only] = await kubernetes.signingRequests.list('managed=true,replica=x', never);
    expect(only?.name).toBe('ra-1');
    expect(api.last.url).toBe(`${path}?limit=500&labelSelector=managed%3Dtrue%2Creplica%3Dx`);
  });
});

describe('removeAll', () => {
  it('deletes what the labels select, as the server has it now, and asks for no certificates', async () => {
    const items = [{ metadata: { name: 'ra-1', uid: 'uid-1' } }, { metadata: { uid: 'uid-2' } }];
    api.answer = (_call, response) => sendJson(response, 200, { items });
    const removed = await kubernetes.signingRequests.removeAll('batch=b-1', never);
    expect(removed).toEqual(new Set(['uid-1', 'uid-2']));
    expect(api.last).toMatchObject({ method: 'DELETE', url: `${path}?labelSelector=batch%3Db-1` });
    expect(api.last.headers.accept).toContain('as=PartialObjectMetadataList');
  });

  it.each(['', ' '])('does not take "%s" for a selector: it would select all', async (selector) => {
    await expect(kubernetes.signingRequests.removeAll(selector, never)).rejects.toThrow(
      'no label selects',
    );
    expect(api.calls).toHaveLength(0);
  });

  it('throws what the API refuses with', async () => {
    api.answer = (_call, response) => sendStatus(response, 403, 'Forbidden');
    await expect(kubernetes.signingRequests.removeAll('a=b', never)).rejects.toMatchObject({
      status: 403,
      verb: 'deletecollection',
    });
  });
});
