import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { uriOf } from '../../src/cli/sandbox-fixtures.ts';
import { makeKeyAndRequest } from '../../src/cli/workload.ts';
import type { CertificateCallError } from '../../src/server/certificate-client.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

const run = promisify(execFile);
const httpbinBar = { namespace: 'bar', serviceAccount: 'httpbin' };

let mesh: RunningMesh;

beforeAll(async () => {
  mesh = await RunningMesh.start();
});

beforeEach(() => {
  mesh.sandbox.faults.clear();
  mesh.sandbox.forgetCalls();
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

function rootOf(signer: string): string {
  const name = `clusterissuers.cert-manager.io/${signer}`;
  return mesh.sandbox.signers.find((s) => s.signerName === name)?.rootPem ?? '';
}

/**
 * Asks again where an agent does: on a machine that is busy enough, the sandbox does not answer in time, and
 * the caller hears UNAVAILABLE.
 */
async function retriedAsByAnAgent(
  call: Parameters<RunningMesh['request']>[0],
  triesLeft = 4,
): Promise<readonly string[]> {
  try {
    return await mesh.request(call);
  } catch (error) {
    const { code } = error as CertificateCallError;
    if (triesLeft === 0 || !['UNAVAILABLE', 'RESOURCE_EXHAUSTED'].includes(code)) throw error;
    return retriedAsByAnAgent(call, triesLeft - 1);
  }
}

describe('CreateCertificate', () => {
  it('answers leaf, intermediate and root, as node:crypto reads them', async () => {
    const made = await makeKeyAndRequest(uriOf(httpbinFoo), 'rsa-2048');
    const chain = await mesh.request({ csrPem: made.csrPem });
    expect(chain).toHaveLength(3);
    const [leaf, intermediate, root] = chain.map((pem) => new X509Certificate(pem));
    if (leaf === undefined || intermediate === undefined || root === undefined)
      throw new Error('chain');
    expect(leaf.subjectAltName).toBe(`URI:${uriOf(httpbinFoo)}`);
    expect(leaf.verify(intermediate.publicKey)).toBe(true);
    expect(intermediate.verify(root.publicKey)).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
    expect(chain[2]).toBe(rootOf('foo'));
    expect(leaf.ca).toBe(false);
    expect(leaf.publicKey.export({ format: 'der', type: 'spki' })).toEqual(
      Buffer.from(made.spkiDer),
    );
    const lifetimeMs = leaf.validToDate.getTime() - leaf.validFromDate.getTime();
    expect(Math.abs(lifetimeMs - 3_600_000)).toBeLessThan(120_000);
  });

  it('answers what openssl verifies to the root of the signer and to no other', async () => {
    const chain = await mesh.request();
    const file = async (name: string, text: string): Promise<string> => {
      const path = join(mesh.directory, name);
      await writeFile(path, text);
      return path;
    };
    const leaf = await file('leaf.pem', chain[0] ?? '');
    const between = await file('between.pem', chain.slice(1, -1).join(''));
    const foo = await file('foo.pem', rootOf('foo'));
    const bar = await file('bar.pem', rootOf('bar'));
    const verify = (root: string): Promise<{ stdout: string }> =>
      run('openssl', [
        'verify',
        '-purpose',
        'sslserver',
        '-CAfile',
        root,
        '-untrusted',
        between,
        leaf,
      ]);
    await expect(verify(foo)).resolves.toMatchObject({ stdout: `${leaf}: OK\n` });
    await expect(verify(bar)).rejects.toThrow('unable to get');
  });

  it('gives each tenant the roots of its own signer', async () => {
    const made = await makeKeyAndRequest(uriOf(httpbinBar), 'ecdsa-p256');
    const token = mesh.tokenOf(httpbinBar);
    const chain = await mesh.request({ token, csrPem: made.csrPem, certSigner: 'bar' });
    expect(chain.at(-1)).toBe(rootOf('bar'));
  });

  it('takes the assigned signer when none is named', async () => {
    const chain = await mesh.request({ certSigner: '' });
    expect(chain.at(-1)).toBe(rootOf('foo'));
  });

  it('costs four calls: review, create, approve, delete', async () => {
    await mesh.request();
    await eventually(() => mesh.requestObjects().length === 0);
    // The reaper lists on its own time, whether there are requests or not.
    const perRequest = mesh.sandbox.calls().filter(({ verb }) => verb !== 'list');
    const calls = perRequest.map(({ verb, resource, subresource }) => {
      return subresource === undefined
        ? `${verb} ${resource}`
        : `${verb} ${resource}/${subresource}`;
    });
    expect(calls.sort()).toEqual([
      'create certificatesigningrequests',
      'create tokenreviews',
      'delete certificatesigningrequests',
      'update certificatesigningrequests/approval',
    ]);
  });

  it('serves 100 at once over one watch and leaves nothing behind', async () => {
    const requests = await Promise.all(
      Array.from({ length: 100 }, () => makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256')),
    );
    const chains = await Promise.all(
      requests.map(({ csrPem }) => retriedAsByAnAgent({ certSigner: '', csrPem })),
    );
    const root = new X509Certificate(rootOf('foo'));
    for (const chain of chains) {
      const [leaf, intermediate] = chain.map((pem) => new X509Certificate(pem));
      expect(leaf?.verify(intermediate?.publicKey ?? root.publicKey)).toBe(true);
      expect(intermediate?.verify(root.publicKey)).toBe(true);
    }
    expect(new Set(chains.map(([leaf]) => leaf)).size).toBe(100);
    // One for all certificate requests, one for ProxyConfigs.
    expect(mesh.sandbox.openWatches).toBe(2);
    await eventually(() => mesh.requestObjects().length === 0);
  });

  it.each<[string, string, () => Parameters<RunningMesh['request']>[0]]>([
    ['no token', 'UNAUTHENTICATED', () => ({ token: undefined })],
    ['a token that is none', 'UNAUTHENTICATED', () => ({ token: 'nonsense' })],
    [
      'a token for another audience',
      'UNAUTHENTICATED',
      () => ({ token: mesh.sandbox.token({ ...httpbinFoo, audiences: ['other'] }) }),
    ],
    [
      "a token for the API server's own audience",
      'UNAUTHENTICATED',
      () => ({ token: mesh.sandbox.token(httpbinFoo) }),
    ],
    ['the id of another cluster', 'UNAUTHENTICATED', () => ({ clusterId: 'other' })],
    [
      'an identity to impersonate',
      'UNAUTHENTICATED',
      () => ({ impersonatedIdentity: uriOf(httpbinFoo) }),
    ],
    [
      "another workload's identity",
      'INVALID_ARGUMENT',
      () => ({ token: mesh.tokenOf(httpbinBar) }),
    ],
    ['no CSR', 'INVALID_ARGUMENT', () => ({ csrPem: '' })],
    [
      'a CSR that is not ASCII',
      'INVALID_ARGUMENT',
      () => ({ csrPem: '-----BEGIN CERTIFICATE ÄÖÜ' }),
    ],
    ['an unknown signer', 'PERMISSION_DENIED', () => ({ certSigner: 'nobody' })],
    ["another tenant's signer", 'PERMISSION_DENIED', () => ({ certSigner: 'bar' })],
    ['a signer name with a slash', 'PERMISSION_DENIED', () => ({ certSigner: 'a/b' })],
    ['a validity of 60 s', 'INVALID_ARGUMENT', () => ({ validitySeconds: 60 })],
    ['a validity of 2^63 - 1 s', 'INVALID_ARGUMENT', () => ({ validitySeconds: 2n ** 63n - 1n })],
  ])('refuses %s with %s and creates nothing', async (_what, status, change) => {
    await expect(mesh.statusOf(change())).resolves.toBe(status);
    expect(mesh.sandbox.callCount('create', 'certificatesigningrequests')).toBe(0);
  });

  it('refuses the token of a pod that is gone', async () => {
    const pod = 'short-lived';
    mesh.sandbox.objects.createPod({ ...httpbinFoo, name: pod });
    const token = mesh.sandbox.token({ ...httpbinFoo, audiences: ['istio-ca'], pod });
    mesh.sandbox.objects.delete({ resource: 'pods', namespace: 'foo', name: pod });
    await expect(mesh.statusOf({ token })).resolves.toBe('UNAUTHENTICATED');
  });

  it('tells the client a request id under which the log has the reason', async () => {
    const error: unknown = await mesh.request({ csrPem: 'x' }).catch((e: unknown) => e);
    const { requestId, message } = error as { requestId?: string; message: string };
    expect(message).toContain('CSR rejected');
    const line = mesh.log.lines.find(({ fields }) => fields['requestId'] === requestId);
    expect(line?.fields['code']).toBe('CSR_REJECTED');
  });
});

describe('a signer without a root', () => {
  it('is FailedPrecondition and is asked nothing', async () => {
    await using rootless = await RunningMesh.start({
      env: { K8S_SIGNER: 'clusterissuers.cert-manager.io/rootless', PROXY_CONFIGS: 'ignore' },
    });
    await expect(rootless.statusOf({ certSigner: '' })).resolves.toBe('FAILED_PRECONDITION');
    expect(rootless.sandbox.callCount('create', 'certificatesigningrequests')).toBe(0);
  });
});
