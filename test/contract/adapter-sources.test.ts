import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isForbidden } from '../../src/kube/api-error.ts';
import type { KubernetesApi } from '../../src/kube/client-node/connect-kubernetes.ts';
import type { ResourceSource, WatchEvent } from '../../src/kube/resource-source.ts';
import { connectAdapters } from './support/adapters.ts';
import { ContractWorld, csrsPath, metadataOf, nameOf } from './support/contract-world.ts';

let world: ContractWorld;
let kubernetes: KubernetesApi;
let deadline: AbortSignal;

const reading = ['get', 'list', 'watch'];
const rules = [
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['certificatesigningrequests'],
    verbs: reading,
  },
  { apiGroups: [''], resources: ['namespaces'], verbs: reading },
  { apiGroups: [''], resources: ['pods', 'services'], verbs: reading },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: ['istio'], verbs: reading },
  { apiGroups: ['networking.istio.io'], resources: ['proxyconfigs'], verbs: reading },
];

beforeAll(async () => {
  world = await ContractWorld.open();
  kubernetes = await connectAdapters(world.server, (await world.account(rules)).token);
});

afterAll(async () => {
  await kubernetes.close();
  await world[Symbol.asyncDispose]();
});

beforeEach(() => {
  deadline = AbortSignal.timeout(10_000);
});

/** What comes after now, until as many changes have come as are wanted. */
async function changesOf<T>(
  source: ResourceSource<T>,
  count: number,
  work: () => Promise<void>,
): Promise<readonly WatchEvent<T>[]> {
  const { resourceVersion } = await source.list(deadline);
  const seen: WatchEvent<T>[] = [];
  let working: Promise<void> | undefined;
  for await (const event of source.watch({ resourceVersion, timeoutSeconds: 60 }, deadline)) {
    // The first event says that the server has accepted the watch.
    working ??= work();
    if (event.kind === 'put' || event.kind === 'gone') seen.push(event);
    if (seen.length === count) break;
  }
  await working;
  return seen;
}

describe('the source of signing requests', () => {
  it('lists and watches those with the label', async () => {
    const other = await world.createCsr({}, { labels: { ...world.labels, mark: 'other' } });
    const labels = { ...world.labels, mark: world.newName() };
    const source = kubernetes.signingRequestSource(`mark=${labels.mark}`);
    const name = world.newName('csr');
    const seen = await changesOf(source, 2, async () => {
      await world.createCsr({}, { name, labels });
      await world.admin.send({ method: 'DELETE', path: `${csrsPath}/${nameOf(other)}` });
      await world.admin.send({ method: 'DELETE', path: `${csrsPath}/${name}` });
    });
    expect(seen).toMatchObject([
      { kind: 'put', object: { name } },
      { kind: 'gone', object: { name } },
    ]);
  });

  it('says that the version is gone', async () => {
    const resourceVersion = await world.server.ancientVersion();
    const source = kubernetes.signingRequestSource(world.selector);
    const options = { resourceVersion, timeoutSeconds: 60 };
    const seen = await Array.fromAsync(source.watch(options, deadline));
    expect(seen.at(-1)).toMatchObject({
      kind: 'error',
      error: { name: 'KubeApiError', status: 410, reason: 'Expired' },
    });
  });

  it('ends when its time is over', async () => {
    const source = kubernetes.signingRequestSource('mark=nobody');
    const { resourceVersion } = await source.list(deadline);
    const options = { resourceVersion, timeoutSeconds: 1 };
    const seen = await Array.fromAsync(source.watch(options, deadline));
    const told = seen.filter(({ kind }) => kind !== 'heartbeat' && kind !== 'bookmark');
    expect(told).toEqual([]);
  });
});

describe('the source of', () => {
  it('namespaces tells of their labels', async () => {
    const name = world.newName('namespace');
    const labels = { 'istio-injection': 'enabled' };
    const seen = await changesOf(kubernetes.namespaceSource(), 1, async () => {
      await world.create('/api/v1/namespaces', { metadata: { name, labels } });
    });
    await world.admin.send({ method: 'DELETE', path: `/api/v1/namespaces/${name}` });
    expect(seen).toMatchObject([{ kind: 'put', object: { name, labels } }]);
  });

  it('pods tells of their account, node and phase', async () => {
    const node = await world.createNode();
    const labels = { mark: world.newName() };
    const pod = { name: 'web-1', serviceAccount: 'web', nodeName: node.name, labels };
    const source = kubernetes.podSource(`mark=${labels.mark}`);
    const seen = await changesOf(source, 1, async () => {
      await world.createPod(pod);
    });
    const { namespace } = world;
    expect(seen).toMatchObject([
      {
        kind: 'put',
        object: { ...pod, namespace, phase: 'Pending', deletionTimestamp: undefined },
      },
    ]);
  });

  it('Services tells of those with the label, as they come and go', async () => {
    const labels = { app: world.newName() };
    const path = world.pathOf('services');
    const spec = { ports: [{ port: 15012 }] };
    const source = kubernetes.serviceSource(world.namespace, `app=${labels.app}`);
    const seen = await changesOf(source, 2, async () => {
      await world.create(path, { metadata: { name: 'other' }, spec });
      await world.create(path, { metadata: { name: 'istiod-canary', labels }, spec });
      await world.admin.send({ method: 'DELETE', path: `${path}/istiod-canary` });
    });
    expect(seen).toMatchObject([
      { kind: 'put', object: { name: 'istiod-canary' } },
      { kind: 'gone', object: { name: 'istiod-canary' } },
    ]);
  });

  it('a ConfigMap is open to the right to that name alone', async () => {
    const source = kubernetes.configMapSource(world.namespace, 'istio');
    const seen = await changesOf(source, 1, async () => {
      await world.create(world.pathOf('configmaps'), { metadata: { name: 'not-istio' } });
      await world.create(world.pathOf('configmaps'), {
        metadata: { name: 'istio' },
        data: { mesh: 'trustDomain: foo' },
      });
    });
    expect(seen).toMatchObject([
      { kind: 'put', object: { name: 'istio', data: { mesh: 'trustDomain: foo' } } },
    ]);
  });

  it('another ConfigMap is closed', async () => {
    const source = kubernetes.configMapSource(world.namespace, 'other');
    await expect(source.list(deadline).catch(isForbidden)).resolves.toBe(true);
  });

  it('ProxyConfigs hands over what was written', async () => {
    const groupVersion = 'networking.istio.io/v1beta1';
    const written = {
      apiVersion: groupVersion,
      kind: 'ProxyConfig',
      metadata: { name: 'web' },
      spec: { environmentVariables: { ISTIO_META_CERT_SIGNER: 'foo' } },
    };
    const source = kubernetes.proxyConfigSource((raw) => raw);
    const seen = await changesOf(source, 1, async () => {
      await world.create(world.pathOf('proxyconfigs', groupVersion), written);
    });
    expect(seen).toMatchObject([{ kind: 'put', object: written }]);
  });
});

describe('a list', () => {
  it('is read to its end over several pages', async () => {
    const labels = { ...world.labels, mark: world.newName() };
    const made = await Promise.all(
      Array.from({ length: 501 }, () => world.createCsr({}, { labels })),
    );
    const source = kubernetes.signingRequestSource(`mark=${labels.mark}`);
    // Not the test's deadline, which began before all that was made.
    const { items } = await source.list(AbortSignal.timeout(10_000));
    expect(new Set(items.map(({ uid }) => uid))).toEqual(
      new Set(made.map((csr) => metadataOf(csr)['uid'])),
    );
  }, 60_000);
});
