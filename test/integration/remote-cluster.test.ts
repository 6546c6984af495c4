import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/base/clock.ts';
import { podOf, seedSandbox, uriOf } from '../../src/cli/sandbox-fixtures.ts';
import type { SampleWorkload } from '../../src/cli/sandbox-fixtures.ts';
import { makeKeyAndRequest } from '../../src/cli/workload.ts';
import { registrationAuthorityAccount, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import type { CertificateCall } from '../../src/server/certificate-client.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

const httpbinBar: SampleWorkload = { namespace: 'bar', serviceAccount: 'httpbin' };
const inBaz: SampleWorkload = { namespace: 'baz', serviceAccount: 'httpbin' };
const ztunnel: SampleWorkload = { namespace: 'istio-system', serviceAccount: 'ztunnel' };
/** In the remote cluster alone, and in the local one alone. */
const there: SampleWorkload = { namespace: 'foo', serviceAccount: 'there' };
const here: SampleWorkload = { namespace: 'foo', serviceAccount: 'here' };

const scopes = `
clusters:
  - { id: west, aliases: [occident], namespaces: [foo, bar, istio-system], signers: [foo] }
  - { id: north, namespaces: all, signers: all }
  - { id: void, namespaces: all, signers: all }
`;

let directory: string;
let west: Sandbox;
let mesh: RunningMesh;
let env: Record<string, string>;

async function startRemote(): Promise<Sandbox> {
  const remote = await startSandbox({ clock: systemClock, log: new RecordingLogger() });
  seedSandbox(remote);
  addWorkloads(remote, [there, inBaz]);
  return remote;
}

function addWorkloads({ objects }: Sandbox, workloads: readonly SampleWorkload[]): void {
  for (const workload of [ztunnel, ...workloads]) {
    objects.createNamespace(workload.namespace);
    objects.createServiceAccount(workload.namespace, workload.serviceAccount);
    objects.createPod({ ...workload, name: podOf(workload), nodeName: 'node-1' });
  }
}

/** What `istioctl create-remote-secret` leaves, for each cluster. */
function putSecret(sandbox: Sandbox, name: string, kubeconfigs: Record<string, string>): void {
  const data = Object.entries(kubeconfigs).map(([id, kubeconfig]) => [
    id,
    Buffer.from(kubeconfig).toString('base64'),
  ]);
  sandbox.objects.create('secrets', 'istio-system', {
    metadata: { name, labels: { 'istio/multiCluster': 'true' } },
    data: Object.fromEntries(data) as Record<string, string>,
  });
}

function deleteSecret(name: string): void {
  mesh.sandbox.objects.delete({ resource: 'secrets', namespace: 'istio-system', name });
}

function tokenOf(sandbox: Sandbox, workload: SampleWorkload): string {
  return sandbox.token({ ...workload, audiences: ['istio-ca'], pod: podOf(workload) });
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

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'istio-ra-remote-'));
  await writeFile(join(directory, 'remotes.yaml'), scopes);
  env = {
    REMOTE_CLUSTERS: join(directory, 'remotes.yaml'),
    CA_TRUSTED_NODE_ACCOUNTS: 'istio-system/ztunnel',
  };
  west = await startRemote();
  const kubeconfig = west.kubeconfig(registrationAuthorityAccount);
  mesh = await RunningMesh.start({
    env,
    seed: (sandbox) => {
      addWorkloads(sandbox, [here]);
      putSecret(sandbox, 'west', { west: kubeconfig });
      putSecret(sandbox, 'strangers', { south: kubeconfig });
      const plugin = kubeconfig.replace(/token: .*/, 'exec: { command: touch }');
      putSecret(sandbox, 'void', { void: plugin });
    },
  });
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await west.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('a caller of a remote cluster', () => {
  it.each(['west', 'occident'])('gets its signer, as clusterid %s', async (clusterId) => {
    const call = { token: tokenOf(west, httpbinFoo), clusterId };

    expect((await mesh.requestAs(httpbinFoo, call)).at(-1)).toBe(mesh.rootOf('foo'));
  });

  it.each<[string, string, () => Promise<string>]>([
    [
      'of a namespace that its cluster does not speak for',
      'UNAUTHENTICATED',
      () => statusAs(inBaz, { token: tokenOf(west, inBaz), clusterId: 'west' }),
    ],
    [
      'whose signer its cluster does not reach',
      'PERMISSION_DENIED',
      () => statusAs(httpbinBar, { token: tokenOf(west, httpbinBar), clusterId: 'west' }),
    ],
    [
      'without a clusterid',
      'UNAUTHENTICATED',
      () => statusAs(httpbinFoo, { token: tokenOf(west, httpbinFoo) }),
    ],
    [
      'of a cluster that has a Secret and no scope',
      'UNAUTHENTICATED',
      () => statusAs(httpbinFoo, { token: tokenOf(west, httpbinFoo), clusterId: 'south' }),
    ],
    [
      'of a cluster that has a scope and no Secret',
      'UNAUTHENTICATED',
      () => statusAs(httpbinFoo, { token: tokenOf(west, httpbinFoo), clusterId: 'north' }),
    ],
    [
      'whose cluster has a kubeconfig that names a plugin',
      'UNAVAILABLE',
      () => statusAs(httpbinFoo, { token: tokenOf(west, httpbinFoo), clusterId: 'void' }),
    ],
    [
      'that comes with a token of the local cluster',
      'UNAUTHENTICATED',
      () => statusAs(httpbinFoo, { token: mesh.tokenOf(httpbinFoo), clusterId: 'west' }),
    ],
  ])('%s gets %s', async (_case, status, ask) => {
    await expect(ask()).resolves.toBe(status);
  });

  it('is looked for among the pods of its own cluster', async () => {
    mesh.sandbox.objects.createProxyConfig({
      ...{ namespace: 'foo', name: 'selective', selector: { app: 'httpbin' } },
      environmentVariables: { ISTIO_META_CERT_SIGNER: 'bar' },
    });
    // The signer that the label of the remote pod leads to is out of the cluster's scope.
    let status = '';
    for (let attempt = 0; attempt < 100 && status !== 'PERMISSION_DENIED'; attempt += 1) {
      const token = tokenOf(west, httpbinFoo);
      status = await statusAs(httpbinFoo, { token, clusterId: 'west' });
    }
    expect(status).toBe('PERMISSION_DENIED');
    mesh.sandbox.objects.delete({
      ...{ resource: 'proxyconfigs', namespace: 'foo', name: 'selective' },
    });
  });

  it('is warned of once where its cluster is not listed', () => {
    const warned = mesh.log.lines.filter(({ message }) => message.includes('does not list it'));

    expect(warned).toMatchObject([{ level: 'warn', fields: { cluster: 'south' } }]);
  });
});

describe('a node agent', () => {
  async function statusFor(
    agent: Partial<CertificateCall>,
    workload: SampleWorkload,
  ): Promise<string> {
    const identity = uriOf(workload);
    const { csrPem } = await makeKeyAndRequest(identity, 'ecdsa-p256');
    return mesh.statusOf({
      ...{ certSigner: undefined, impersonatedIdentity: identity, csrPem },
      ...agent,
    });
  }

  it('of a remote cluster acts for the pods of that cluster, and for no others', async () => {
    const agent = { token: tokenOf(west, ztunnel), clusterId: 'west' };

    await expect(statusFor(agent, there)).resolves.toBe('OK');
    await expect(statusFor(agent, here)).resolves.toBe('UNAUTHENTICATED');
  });

  it('of the local cluster acts for the pods of that cluster, and for no others', async () => {
    const agent = { token: tokenOf(mesh.sandbox, ztunnel) };

    await expect(statusFor(agent, here)).resolves.toBe('OK');
    await expect(statusFor(agent, there)).resolves.toBe('UNAUTHENTICATED');
  });

  it('of a remote cluster acts for no namespace that its cluster does not speak for', async () => {
    const agent = { token: tokenOf(west, ztunnel), clusterId: 'west' };

    await expect(statusFor(agent, inBaz)).resolves.toBe('UNAUTHENTICATED');
  });
});

describe('the Secrets of remote clusters', () => {
  it('are followed: a cluster comes, is down, is replaced, and goes', async () => {
    const first = await startRemote();
    const second = await startRemote();
    const ask = (sandbox: Sandbox): Promise<string> =>
      statusAs(httpbinFoo, { token: tokenOf(sandbox, httpbinFoo), clusterId: 'north' });
    const told = (message: string): Promise<void> =>
      eventually(() =>
        mesh.log.lines.some(
          (line) => line.message === message && line.fields['cluster'] === 'north',
        ),
      );

    putSecret(mesh.sandbox, 'north', { north: first.kubeconfig(registrationAuthorityAccount) });
    await told('remote cluster added');
    await expect(ask(first)).resolves.toBe('OK');
    await eventually(() => first.openWatches === 1);

    const token = tokenOf(first, { namespace: 'foo', serviceAccount: 'sleep' });
    await first.stop();
    await expect(
      statusAs({ namespace: 'foo', serviceAccount: 'sleep' }, { token, clusterId: 'north' }),
    ).resolves.toBe('UNAVAILABLE');
    await expect(statusAs(httpbinFoo, {})).resolves.toBe('OK');
    await expect(
      statusAs(httpbinFoo, { token: tokenOf(west, httpbinFoo), clusterId: 'west' }),
    ).resolves.toBe('OK');

    mesh.sandbox.objects.change(
      { resource: 'secrets', namespace: 'istio-system', name: 'north' },
      (object) => ({
        ...object,
        data: {
          north: Buffer.from(second.kubeconfig(registrationAuthorityAccount)).toString('base64'),
        },
      }),
    );
    await told('remote cluster replaced');
    await expect(ask(second)).resolves.toBe('OK');
    await eventually(() => second.openWatches === 1);

    deleteSecret('north');
    await eventually(() => second.openWatches === 0);
    await expect(ask(second)).resolves.toBe('UNAUTHENTICATED');
    await second.stop();
  });

  it('that may not be read keep the authority from being ready, and the right is named', async () => {
    const started = RunningMesh.start({
      env: { ...env, CA_TRUSTED_NODE_ACCOUNTS: '' },
      seed: (sandbox) => {
        sandbox.setRules(registrationAuthorityAccount, [
          {
            apiGroups: ['certificates.k8s.io', 'networking.istio.io'],
            resources: ['certificatesigningrequests', 'proxyconfigs'],
            verbs: ['list', 'watch'],
          },
        ]);
      },
      readyWithinMs: 500,
    });

    await expect(started).rejects.toThrow('the right to list and watch secrets is missing');
  });

  it('are not read where REMOTE_CLUSTERS is not set', async () => {
    const bare = await RunningMesh.start();
    try {
      expect(bare.sandbox.callCount('list', 'secrets')).toBe(0);
    } finally {
      await bare[Symbol.asyncDispose]();
    }
  });
});

describe('the file REMOTE_CLUSTERS', () => {
  it('that names the local cluster keeps the authority from starting', async () => {
    const path = join(directory, 'bad.yaml');
    await writeFile(path, 'clusters: [{ id: Kubernetes, namespaces: all, signers: all }]');

    await expect(RunningMesh.start({ env: { REMOTE_CLUSTERS: path } })).rejects.toThrow(
      /line 1, clusters\[0\].id: names another cluster already/,
    );
  });
});
