import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uriOf } from '../../src/cli/sandbox-fixtures.ts';
import type { SampleWorkload } from '../../src/cli/sandbox-fixtures.ts';
import { makeKeyAndRequest } from '../../src/cli/workload.ts';
import { RunningMesh } from '../support/running-mesh.ts';

const httpbinFoo = { namespace: 'foo', serviceAccount: 'httpbin' };
const httpbinBar = { namespace: 'bar', serviceAccount: 'httpbin' };
const ztunnel = { namespace: 'istio-system', serviceAccount: 'ztunnel' };

let mesh: RunningMesh;
let token: string;

/** Asks as ztunnel does: no wish for a signer, a P-256 key, the workload's identity in the metadata. */
async function askFor(
  workload: SampleWorkload,
  identity = uriOf(workload),
): Promise<readonly string[]> {
  const { csrPem } = await makeKeyAndRequest(identity, 'ecdsa-p256');
  return mesh.request({ token, csrPem, certSigner: undefined, impersonatedIdentity: identity });
}

async function statusFor(workload: SampleWorkload, identity?: string): Promise<string> {
  return askFor(workload, identity).then(
    () => 'OK',
    (error: unknown) => (error as { code: string }).code,
  );
}

beforeAll(async () => {
  mesh = await RunningMesh.start({
    env: { CA_TRUSTED_NODE_ACCOUNTS: 'istio-system/ztunnel' },
    seed: ({ objects }) => {
      objects.createServiceAccount('istio-system', 'ztunnel');
      objects.createPod({ ...ztunnel, name: 'ztunnel-a', nodeName: 'node-1' });
      objects.createServiceAccount('foo', 'elsewhere');
      objects.createPod({
        namespace: 'foo',
        serviceAccount: 'elsewhere',
        name: 'e',
        nodeName: 'node-2',
      });
      objects.createServiceAccount('foo', 'done');
      objects.createPod({
        ...{ namespace: 'foo', serviceAccount: 'done', name: 'd', nodeName: 'node-1' },
        phase: 'Succeeded',
      });
    },
  });
  token = mesh.sandbox.token({ ...ztunnel, audiences: ['istio-ca'], pod: 'ztunnel-a' });
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('a node agent', () => {
  it("gets each workload of its node a certificate of that tenant's signer, by one token", async () => {
    expect((await askFor(httpbinFoo)).at(-1)).toBe(mesh.rootOf('foo'));
    expect((await askFor(httpbinBar)).at(-1)).toBe(mesh.rootOf('bar'));
    expect(mesh.sandbox.callCount('create', 'tokenreviews')).toBe(1);
  });

  it('gets one for a pod that has only just come to its node', async () => {
    const workload = { namespace: 'foo', serviceAccount: 'new' };
    mesh.sandbox.objects.createServiceAccount('foo', 'new');
    mesh.sandbox.objects.createPod({
      ...workload,
      name: 'new-1',
      nodeName: 'node-1',
      phase: 'Pending',
    });
    await expect(statusFor(workload)).resolves.toBe('OK');
  });

  it.each<[string, SampleWorkload, string | undefined]>([
    ['a workload of another node', { namespace: 'foo', serviceAccount: 'elsewhere' }, undefined],
    ['a pod that has ended', { namespace: 'foo', serviceAccount: 'done' }, undefined],
    ['a workload that does not exist', { namespace: 'foo', serviceAccount: 'nobody' }, undefined],
    ['another trust domain', httpbinFoo, 'spiffe://other.example/ns/foo/sa/httpbin'],
  ])('gets none for %s', async (_what, workload, identity) => {
    await expect(statusFor(workload, identity)).resolves.toBe('UNAUTHENTICATED');
  });

  it('gets none for an identity other than the one in its CSR', async () => {
    const { csrPem } = await makeKeyAndRequest(uriOf(httpbinBar), 'ecdsa-p256');
    const impersonatedIdentity = uriOf(httpbinFoo);
    await expect(mesh.statusOf({ token, csrPem, impersonatedIdentity })).resolves.toBe(
      'INVALID_ARGUMENT',
    );
  });

  it('is the only one who may impersonate', async () => {
    const impersonatedIdentity = uriOf(httpbinBar);
    await expect(mesh.statusOf({ impersonatedIdentity })).resolves.toBe('UNAUTHENTICATED');
  });

  it('may not without a token that is bound to its pod', async () => {
    const unbound = mesh.sandbox.token({ ...ztunnel, audiences: ['istio-ca'] });
    const identity = uriOf(httpbinFoo);
    const { csrPem } = await makeKeyAndRequest(identity, 'ecdsa-p256');
    await expect(
      mesh.statusOf({ token: unbound, csrPem, impersonatedIdentity: identity }),
    ).resolves.toBe('UNAUTHENTICATED');
  });
});
