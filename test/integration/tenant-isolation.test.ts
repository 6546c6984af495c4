import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { registrationAuthorityAccount } from '../../src/sandbox/sandbox.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

const httpbinBar = { namespace: 'bar', serviceAccount: 'httpbin' };
const app = { namespace: 'baz', serviceAccount: 'app' };
const bound = `
rules:
  - name: bar
    match: { namespaces: [bar] }
    signers: [bar]
    exclusive: true
`;

let mesh: RunningMesh;

function addBaz({ objects }: RunningMesh['sandbox']): void {
  objects.createNamespace('baz');
  objects.createServiceAccount('baz', 'app');
  objects.createPod({ ...app, name: 'app-1', labels: { tier: 'gold' } });
}

function created(running: RunningMesh): number {
  return running.sandbox.callCount('create', 'certificatesigningrequests');
}

async function statusAs(
  running: RunningMesh,
  ...call: Parameters<RunningMesh['requestAs']>
): Promise<string> {
  return running.requestAs(...call).then(
    () => 'OK',
    (error: unknown) => (error as { code: string }).code,
  );
}

describe('tenants without rules', () => {
  beforeAll(async () => {
    mesh = await RunningMesh.start({ seed: addBaz });
  });
  beforeEach(() => {
    mesh.sandbox.forgetCalls();
  });
  afterAll(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  it('get the signer that the ProxyConfig of their namespace names', async () => {
    expect((await mesh.requestAs(httpbinFoo)).at(-1)).toBe(mesh.rootOf('foo'));
    expect((await mesh.requestAs(httpbinBar)).at(-1)).toBe(mesh.rootOf('bar'));
  });

  it("do not get another tenant's signer by asking for it", async () => {
    await expect(statusAs(mesh, httpbinFoo, { certSigner: 'bar' })).resolves.toBe(
      'PERMISSION_DENIED',
    );
    expect(created(mesh)).toBe(0);
  });

  it('keep renewing, from the new signer, when their namespace gets its first ProxyConfig', async () => {
    const renew = (): Promise<readonly string[]> =>
      mesh.requestAs(app, { certSigner: 'istio-system' });
    expect((await renew()).at(-1)).toBe(mesh.rootOf('istio-system'));
    mesh.sandbox.objects.createProxyConfig({
      namespace: 'baz',
      name: 'bazpc',
      environmentVariables: { ISTIO_META_CERT_SIGNER: 'foo' },
    });
    let served = '';
    for (let attempt = 0; attempt < 100 && served !== mesh.rootOf('foo'); attempt += 1) {
      served = (await renew()).at(-1) ?? '';
    }
    expect(served).toBe(mesh.rootOf('foo'));
    await expect(statusAs(mesh, app, { certSigner: 'bar' })).resolves.toBe('PERMISSION_DENIED');
  });

  it('get what a ProxyConfig says that selects their pod', async () => {
    mesh.sandbox.objects.createProxyConfig({
      namespace: 'baz',
      name: 'gold',
      selector: { tier: 'gold' },
      environmentVariables: { ISTIO_META_CERT_SIGNER: 'bar' },
    });
    let served = '';
    for (let attempt = 0; attempt < 100 && served !== mesh.rootOf('bar'); attempt += 1) {
      served = (await mesh.requestAs(app)).at(-1) ?? '';
    }
    expect(served).toBe(mesh.rootOf('bar'));
  });
});

describe('a signer that a rule binds to a namespace', () => {
  beforeAll(async () => {
    const seed = ({ objects }: RunningMesh['sandbox']): void => {
      objects.createProxyConfig({
        namespace: 'foo',
        name: 'a-greedy-tenant',
        environmentVariables: { ISTIO_META_CERT_SIGNER: 'bar' },
      });
      objects.delete({ resource: 'proxyconfigs', namespace: 'foo', name: 'foopc' });
    };
    mesh = await RunningMesh.start({ seed, signerPolicy: bound });
  });
  beforeEach(() => {
    mesh.sandbox.forgetCalls();
  });
  afterAll(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  it('serves that namespace', async () => {
    expect((await mesh.requestAs(httpbinBar)).at(-1)).toBe(mesh.rootOf('bar'));
  });

  it.each(['', 'bar', 'foo', 'istio-system'])(
    'gives nothing to a tenant whose own ProxyConfig names it (wish %j)',
    async (certSigner) => {
      await expect(statusAs(mesh, httpbinFoo, { certSigner })).resolves.toBe('PERMISSION_DENIED');
      expect(created(mesh)).toBe(0);
    },
  );

  it('follows the policy file when it changes, and keeps the last good one', async () => {
    const file = join(mesh.directory, 'policy.yaml');
    await writeFile(file, 'rules: [{ name: x, unknown: 1 }]');
    await eventually(() =>
      mesh.log.lines.some(({ message }) => message.includes('policy not replaced')),
    );
    await expect(statusAs(mesh, httpbinFoo)).resolves.toBe('PERMISSION_DENIED');
    await writeFile(
      file,
      `${bound}  - { name: foo, match: { namespaces: [foo] }, signers: [foo] }\n`,
    );
    await eventually(() =>
      mesh.log.lines.some(({ message }) => message === 'signer policy replaced'),
    );
    expect((await mesh.requestAs(httpbinFoo)).at(-1)).toBe(mesh.rootOf('foo'));
  });
});

describe('the authority', () => {
  it('does not start with a policy that names a signer without a root, and says where', async () => {
    const signerPolicy = 'rules:\n  - { name: r, match: {}, signers: [nobody] }\n';
    await expect(RunningMesh.start({ signerPolicy })).rejects.toThrow(/line 2.*no root/s);
  });

  it('is not ready while it may not read ProxyConfigs, and names the right', async () => {
    const started = RunningMesh.start({
      seed: (sandbox) => {
        sandbox.setRules(registrationAuthorityAccount, [
          {
            apiGroups: ['certificates.k8s.io'],
            resources: ['certificatesigningrequests'],
            verbs: ['list', 'watch'],
          },
        ]);
      },
      readyWithinMs: 500,
    });
    await expect(started).rejects.toThrow('the right to list and watch proxyconfigs is missing');
  });
});
