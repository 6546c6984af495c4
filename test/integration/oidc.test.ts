import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { uriOf } from '../../src/cli/sandbox-fixtures.ts';
import type { SampleWorkload } from '../../src/cli/sandbox-fixtures.ts';
import { makeKeyAndRequest } from '../../src/cli/workload.ts';
import type { CertificateCall } from '../../src/server/certificate-client.ts';
import { httpbinFoo, RunningMesh } from '../support/running-mesh.ts';
import { TestAuthority } from '../support/test-authority.ts';
import { keySetText, TokenSigner } from '../unit/authn/support/token-signer.ts';

const east = 'https://east.example';
const west = 'https://west.example';
const httpbinBar: SampleWorkload = { namespace: 'bar', serviceAccount: 'httpbin' };

let directory: string;
let server: Server;
let mesh: RunningMesh;
let ofEast: TokenSigner;
let ofWest: TokenSigner;
let downloads = 0;

/** Serves west's keys on loopback, with a certificate under a root of its own. */
async function serveKeys(): Promise<{ readonly url: string; readonly caPem: string }> {
  const now = Date.now();
  const root = await TestAuthority.make('west', now);
  const { privateKeyPem, spkiDer } = await makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256');
  const cert = await root.sign({
    ...{ subject: {}, spkiDer, isCa: false, uris: [], dnsNames: ['localhost'] },
    ...{ notBefore: now - 1_000, notAfter: now + 3_600_000 },
    ...{ keyUsages: ['digitalSignature'], extendedKeyUsages: ['serverAuth'] },
  });
  server = createServer({ cert, key: privateKeyPem }, (_request, response) => {
    downloads += 1;
    response.end(keySetText(ofWest));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `https://localhost:${port}/keys`, caPem: root.certificatePem };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'istio-ra-oidc-'));
  [ofEast, ofWest] = [await TokenSigner.make('east-1'), await TokenSigner.make('west-1')];
  const { url, caPem } = await serveKeys();
  await writeFile(join(directory, 'east.json'), keySetText(ofEast));
  await writeFile(join(directory, 'west.pem'), caPem);
  await writeFile(
    join(directory, 'issuers.yaml'),
    JSON.stringify([
      {
        ...{ issuer: east, jwksFile: 'east.json', audiences: ['istio-ca'], cluster: 'east' },
        ...{ aliases: ['orient'], allowedNamespaces: ['foo', 'bar'], allowedSigners: ['foo'] },
      },
      {
        ...{ issuer: west, jwksUri: url, caFile: 'west.pem', audiences: ['istio-ca'] },
        ...{ cluster: 'west', allowedNamespaces: 'all' },
      },
    ]),
  );
  mesh = await RunningMesh.start({ env: { OIDC_ISSUERS: join(directory, 'issuers.yaml') } });
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

function tokenOf(
  signer: TokenSigner,
  { namespace, serviceAccount }: SampleWorkload,
  claims: JWTPayload = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return signer.sign({
    iss: signer === ofEast ? east : west,
    sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
    aud: ['istio-ca'],
    ...{ iat: now, nbf: now, exp: now + 3600 },
    'kubernetes.io': {
      namespace,
      serviceaccount: { name: serviceAccount, uid: 'account' },
      // The local cluster has a pod of that name, with another uid.
      pod: { name: 'httpbin-1', uid: 'of-another-cluster' },
    },
    ...claims,
  });
}

async function statusAs(
  workload: SampleWorkload,
  change: Partial<CertificateCall>,
): Promise<string> {
  return mesh.requestAs(workload, change).then(
    () => 'OK',
    (error: unknown) => (error as { code: string }).code,
  );
}

describe('a token of an issuer whose keys are in a file', () => {
  it('gets its account the signer of its namespace, without a TokenReview', async () => {
    const token = await tokenOf(ofEast, httpbinFoo);

    const chain = await mesh.requestAs(httpbinFoo, { token, clusterId: 'east' });

    expect(chain.at(-1)).toBe(mesh.rootOf('foo'));
    expect(mesh.sandbox.callCount('create', 'tokenreviews')).toBe(0);
  });

  it('is not held against the pods of the local cluster', async () => {
    mesh.sandbox.objects.createProxyConfig({
      ...{ namespace: 'foo', name: 'selective', selector: { app: 'httpbin' } },
      environmentVariables: { ISTIO_META_CERT_SIGNER: 'bar' },
    });
    let local = '';
    for (let attempt = 0; attempt < 100 && local !== mesh.rootOf('bar'); attempt += 1) {
      local = (await mesh.requestAs(httpbinFoo)).at(-1) ?? '';
    }
    expect(local).toBe(mesh.rootOf('bar'));
    const token = await tokenOf(ofEast, httpbinFoo);

    expect((await mesh.requestAs(httpbinFoo, { token })).at(-1)).toBe(mesh.rootOf('foo'));
    mesh.sandbox.objects.delete({
      ...{ resource: 'proxyconfigs', namespace: 'foo', name: 'selective' },
    });
  });

  it.each<[string, string, Partial<CertificateCall>]>([
    ['an alias of its cluster', 'OK', { clusterId: 'orient' }],
    ['the id of the local cluster', 'UNAUTHENTICATED', { clusterId: 'Kubernetes' }],
  ])('with %s is %s', async (_case, status, change) => {
    const token = await tokenOf(ofEast, httpbinFoo);

    await expect(statusAs(httpbinFoo, { token, ...change })).resolves.toBe(status);
  });

  it.each<[string, JWTPayload]>([
    ['for another audience', { aud: ['somebody'] }],
    ['that is over', { exp: Math.floor(Date.now() / 1000) - 120 }],
  ])('%s is refused', async (_case, claims) => {
    const token = await tokenOf(ofEast, httpbinFoo, claims);

    await expect(statusAs(httpbinFoo, { token })).resolves.toBe('UNAUTHENTICATED');
  });

  it('that another issuer signed is refused', async () => {
    const token = await tokenOf(ofWest, httpbinFoo, { iss: east });

    await expect(statusAs(httpbinFoo, { token })).resolves.toBe('UNAUTHENTICATED');
  });

  it('of a namespace that the issuer does not speak for is refused', async () => {
    const token = await tokenOf(ofEast, { namespace: 'baz', serviceAccount: 'app' });

    await expect(statusAs({ namespace: 'baz', serviceAccount: 'app' }, { token })).resolves.toBe(
      'UNAUTHENTICATED',
    );
  });

  it('gets no signer that its issuer does not reach', async () => {
    const token = await tokenOf(ofEast, httpbinBar);

    await expect(statusAs(httpbinBar, { token })).resolves.toBe('PERMISSION_DENIED');
  });
});

describe('a token of an issuer whose keys are at a URL', () => {
  it('is verified by the keys that are there, which are downloaded once', async () => {
    const call = { token: await tokenOf(ofWest, httpbinBar), clusterId: 'west' };

    expect((await mesh.requestAs(httpbinBar, call)).at(-1)).toBe(mesh.rootOf('bar'));
    expect((await mesh.requestAs(httpbinBar, call)).at(-1)).toBe(mesh.rootOf('bar'));
    expect(downloads).toBe(1);
  });
});

describe('tokens of the local cluster', () => {
  it('are reviewed as ever', async () => {
    mesh.sandbox.forgetCalls();
    const token = mesh.sandbox.token({ ...httpbinFoo, audiences: ['istio-ca'] });
    await expect(statusAs(httpbinFoo, { token })).resolves.toBe('OK');
    expect(mesh.sandbox.callCount('create', 'tokenreviews')).toBe(1);
  });
});
