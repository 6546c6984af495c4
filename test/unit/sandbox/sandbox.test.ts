import { connect, constants } from 'node:http2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { listAt, objectAt, textAt } from '../../../src/sandbox/kube-object.ts';
import { registrationAuthorityAccount, startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { aRequest, requestsPath, withConditions } from './api-world.ts';
import { call, linesOf, open } from './https-client.ts';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ clock: systemClock, log: silentLogger });
  sandbox.objects.createNamespace('foo');
  sandbox.objects.createServiceAccount('foo', 'httpbin');
});

afterEach(async () => {
  sandbox.faults.clear();
  await call(sandbox, 'DELETE', requestsPath);
  sandbox.forgetCalls();
});

afterAll(() => sandbox.stop());

function raToken(): string {
  return sandbox.token(registrationAuthorityAccount);
}

async function create(name: string, spec: object = {}): Promise<object> {
  const { text } = await call(sandbox, 'POST', requestsPath, { body: aRequest(name, spec) });
  return JSON.parse(text) as object;
}

describe('who may call', () => {
  it('is the administrator with a client certificate', async () => {
    const [user] = listAt(parseYaml(sandbox.kubeconfig('admin')), 'users');
    const decoded = (field: string): string =>
      Buffer.from(textAt(user, 'user', field) ?? '', 'base64').toString();
    const certificate = {
      cert: decoded('client-certificate-data'),
      key: decoded('client-key-data'),
    };
    await call(sandbox, 'GET', requestsPath, { token: '', certificate });
    expect(sandbox.calls()).toMatchObject([{ user: 'kubernetes-admin', status: 200 }]);
  });

  it('is a service account with a token', async () => {
    const [user] = listAt(parseYaml(sandbox.kubeconfig(registrationAuthorityAccount)), 'users');
    const token = textAt(user, 'user', 'token') ?? '';
    const { status } = await call(sandbox, 'GET', requestsPath, { token });
    expect(status).toBe(200);
  });

  it.each([
    ['a wrong token', 'abc', 401],
    ['nothing at all', '', 403],
  ])('is not somebody with %s', async (_, token, status) => {
    expect((await call(sandbox, 'GET', requestsPath, { token })).status).toBe(status);
  });

  it('is not a token for somebody else', async () => {
    const audiences = ['istio-ca'];
    const token = sandbox.token({ ...registrationAuthorityAccount, audiences });
    expect((await call(sandbox, 'GET', requestsPath, { token })).status).toBe(401);
  });

  it('is somebody else when an administrator says so', async () => {
    const headers = { 'impersonate-user': 'system:serviceaccount:foo:httpbin' };
    const asAccount = await call(sandbox, 'GET', '/api/v1/secrets', { headers });
    const byAccount = await call(sandbox, 'GET', '/api/v1/pods', { headers, token: raToken() });
    expect([asAccount, byAccount].map(({ text }) => text)).toEqual([
      expect.stringContaining('system:serviceaccount:foo:httpbin\\" cannot list resource'),
      expect.stringContaining('istio-ra\\" cannot impersonate resource'),
    ]);
  });

  it('changes with the rules', async () => {
    const token = sandbox.token({ namespace: 'foo', serviceAccount: 'httpbin' });
    const before = await call(sandbox, 'GET', '/api/v1/pods', { token });
    const account = { namespace: 'foo', serviceAccount: 'httpbin' };
    sandbox.setRules(account, [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    const after = await call(sandbox, 'GET', '/api/v1/pods', { token });
    expect([before.status, after.status]).toEqual([403, 200]);
  });
});

describe('the way of a request', () => {
  it('leads from creation over approval to a certificate', async () => {
    const watch = await open(sandbox, 'GET', `${requestsPath}?watch=1`);
    const lines = linesOf(watch);
    const created = await create('a');
    const body = withConditions(created, 'Approved');
    await call(sandbox, 'PUT', `${requestsPath}/a/approval`, { body, token: raToken() });
    const seen: string[] = [];
    for await (const line of lines) {
      const event: unknown = JSON.parse(line);
      const hasCertificate = textAt(event, 'object', 'status', 'certificate') !== undefined;
      seen.push(`${textAt(event, 'type') ?? ''}${hasCertificate ? ' with certificate' : ''}`);
      if (hasCertificate) break;
    }
    expect(seen).toEqual(['ADDED', 'MODIFIED', 'MODIFIED with certificate']);
  });

  it('is recorded', async () => {
    await create('a');
    await call(sandbox, 'GET', `${requestsPath}/a`, { headers: { 'user-agent': 'test' } });
    expect([
      sandbox.callCount('create', 'certificatesigningrequests'),
      sandbox.calls(),
    ]).toMatchObject([
      1,
      [
        { verb: 'create', resource: 'certificatesigningrequests', status: 201 },
        { verb: 'get', name: 'a', user: 'kubernetes-admin', status: 200, userAgent: 'test' },
      ],
    ]);
  });

  it('goes over HTTP/2 as well', async () => {
    const session = connect(sandbox.url, { ca: sandbox.caPem });
    const stream = session.request({
      [constants.HTTP2_HEADER_PATH]: requestsPath,
      authorization: `Bearer ${raToken()}`,
    });
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    session.close();
    expect(JSON.parse(text)).toMatchObject({ kind: 'CertificateSigningRequestList' });
  });
});

describe('what the API cannot take', () => {
  it.each([
    ['broken JSON', { body: '{"a' }, 400],
    ['another type', { body: 'x', headers: { 'content-type': 'text/plain' } }, 415],
    ['more than 3 MiB', { body: ' '.repeat(3 * 1024 * 1024 + 1) }, 413],
    ['a form it does not have', { body: {}, headers: { accept: 'image/png' } }, 406],
  ])('is %s', async (_, options, status) => {
    expect((await call(sandbox, 'POST', requestsPath, options)).status).toBe(status);
  });

  it.each([
    ['/apis/certificates.k8s.io/v1/none', 404, 'application/json'],
    ['/apis/none/v1/none', 404, 'text/plain; charset=utf-8'],
    ['/none', 404, 'text/plain; charset=utf-8'],
  ])('is the path %s', async (path, status, type) => {
    const reply = await call(sandbox, 'GET', path);
    expect([reply.status, reply.headers['content-type']]).toEqual([status, type]);
  });
});

describe('discovery', () => {
  it.each([
    ['/api', { versions: ['v1'] }],
    ['/apis', { kind: 'APIGroupList' }],
    ['/apis/certificates.k8s.io', { preferredVersion: { version: 'v1' } }],
    ['/version', { minor: '37' }],
    ['/openapi/v3', { paths: { 'apis/certificates.k8s.io/v1': {} } }],
    ['/openapi/v3/api/v1', { openapi: '3.0.0' }],
  ])('answers %s', async (path, expected) => {
    const { text } = await call(sandbox, 'GET', path);
    expect(JSON.parse(text)).toMatchObject(expected);
  });

  it('lists resources with their subresources', async () => {
    const { text } = await call(sandbox, 'GET', '/apis/certificates.k8s.io/v1');
    const names = listAt(JSON.parse(text), 'resources').map((entry) => textAt(entry, 'name'));
    expect(names).toEqual([
      'certificatesigningrequests',
      'certificatesigningrequests/approval',
      'certificatesigningrequests/status',
      'clustertrustbundles',
    ]);
  });

  it.each(['/readyz', '/livez', '/healthz'])('answers %s to strangers', async (path) => {
    expect((await call(sandbox, 'GET', path, { token: '' })).text).toBe('ok');
  });
});

describe('a fault of the API', () => {
  it('comes as a Status, with Retry-After', async () => {
    sandbox.faults.api.set({ kind: 'status', status: 429, retryAfterSeconds: 2 }, { count: 1 });
    const reply = await call(sandbox, 'GET', requestsPath);
    expect([reply.status, reply.headers['retry-after'], JSON.parse(reply.text)]).toMatchObject([
      429,
      '2',
      { reason: 'TooManyRequests', details: { retryAfterSeconds: 2 } },
    ]);
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('can come %s the effect', async (when, stored) => {
    sandbox.faults.api.set({ kind: 'status', status: 500, when }, { verb: 'create' });
    await create('a');
    expect(sandbox.objects.list('certificatesigningrequests')).toHaveLength(stored);
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('can lose the answer %s the effect', async (when, stored) => {
    sandbox.faults.api.set({ kind: 'lost', when }, { verb: 'create' });
    await expect(create('a')).rejects.toThrow('socket hang up');
    expect(sandbox.objects.list('certificatesigningrequests')).toHaveLength(stored);
  });

  it('can hang until it is cleared', async () => {
    const fault = sandbox.faults.api.set({ kind: 'hang' });
    const answer = call(sandbox, 'GET', requestsPath).catch((error: unknown) => String(error));
    while (fault.strikes === 0) await new Promise((resolve) => setImmediate(resolve));
    fault.clear();
    expect(await answer).toContain('socket hang up');
  });

  it('can be slow', async () => {
    sandbox.faults.api.set({ kind: 'slow', ms: 30 });
    const before = performance.now();
    const { status } = await call(sandbox, 'GET', requestsPath);
    expect([status, performance.now() - before >= 29]).toEqual([200, true]);
  });

  it('can be an answer that is not from the API', async () => {
    sandbox.faults.api.set({ kind: 'garbage' });
    const { status, text } = await call(sandbox, 'GET', requestsPath);
    expect([status, text.startsWith('<html>')]).toEqual([200, true]);
  });

  it('is for one signer when it says so', async () => {
    const signerName = 'clusterissuers.cert-manager.io/bar';
    sandbox.faults.api.set({ kind: 'status', status: 403 }, { signerName });
    const other = await create('a');
    const hit = await create('b', { signerName });
    expect([other, hit]).toMatchObject([{ kind: 'CertificateSigningRequest' }, { code: 403 }]);
  });
});

describe('a sandbox', () => {
  it('has the signers of the reference set-up', () => {
    expect(sandbox.signers.map(({ signerName }) => signerName)).toEqual([
      'clusterissuers.cert-manager.io/istio-system',
      'clusterissuers.cert-manager.io/foo',
      'clusterissuers.cert-manager.io/bar',
    ]);
  });

  it('breaks every connection on demand and takes new ones', async () => {
    const watch = await open(sandbox, 'GET', `${requestsPath}?watch=1`);
    const broken = new Promise((resolve) => watch.on('error', resolve).resume());
    sandbox.dropConnections();
    await broken;
    expect((await call(sandbox, 'GET', '/readyz')).status).toBe(200);
  });

  it('ends every watch when it is stopped, and can be stopped twice', async () => {
    const other = await startSandbox({ clock: systemClock, log: silentLogger });
    const watch = await open(other, 'GET', `${requestsPath}?watch=1`);
    const ended = new Promise((resolve) => {
      watch.on('close', () => resolve(undefined));
      watch.on('error', resolve).resume();
    });
    await other.stop();
    await ended;
    await other.stop();
    expect(other.openWatches).toBe(0);
  });

  it('says that its port is taken', async () => {
    const port = Number(new URL(sandbox.url).port);
    const second = startSandbox({ clock: systemClock, log: silentLogger, port });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('keeps its clock’s time in every answer', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { headers } = await call(sandbox, 'GET', '/readyz');
    const told = Date.parse(headers.date ?? '');
    expect(told).toBeGreaterThanOrEqual(before);
    expect(told).toBeLessThanOrEqual(Date.now());
  });

  it('gives columns once to a watch of a table', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const path = `${requestsPath}?watch=1`;
    const watch = await open(sandbox, 'GET', path, { headers: { accept } });
    await create('a');
    await create('b');
    const columns: unknown[] = [];
    for await (const line of linesOf(watch)) {
      columns.push(objectAt(JSON.parse(line), 'object')['columnDefinitions']);
      if (columns.length === 2) break;
    }
    expect(columns).toEqual([expect.any(Array), null]);
  });
});
