import type { RealWorld } from '../real-world.ts';

export const namespaceCount = 5_000;
export const podCount = 10_000;
const podsPerNamespace = podCount / namespaceCount;
/** As many nodes as would carry so many pods. */
const nodeCount = 200;

const namespaceAt = (at: number): string => `crowd-${at}`;

/** Namespaces that name their signer, with pods that only exist as objects. */
export async function makeCrowd(world: RealWorld): Promise<void> {
  // Each namespace would get an account and a ConfigMap from them, for a quarter of an hour.
  await world.stopControllers();
  const { admin } = world;
  await admin.createMany(namespaceCount, (at) => ({
    path: '/api/v1/namespaces',
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceAt(at) } },
  }));
  await admin.createMany(namespaceCount, (at) => ({
    path: `/apis/networking.istio.io/v1beta1/namespaces/${namespaceAt(at)}/proxyconfigs`,
    object: proxyConfig,
  }));
  await admin.createMany(podCount, (at) => {
    const namespace = namespaceAt(Math.floor(at / podsPerNamespace));
    return { path: `/api/v1/namespaces/${namespace}/pods`, object: podAt(at) };
  });
}

const proxyConfig = {
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'ProxyConfig',
  metadata: { name: 'signer' },
  spec: { environmentVariables: { ISTIO_META_CERT_SIGNER: 'foo' } },
};

/** With the labels and the environment that an injected pod has about as much of. */
function podAt(at: number): object {
  const name = `workload-${at}`;
  const variables = Array.from({ length: 20 }, (_, index) => ({
    name: `VARIABLE_${index}`,
    value: `a value of some length, number ${index}`,
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { app: name, version: 'v1', 'pod-template-hash': '5d4f8c7b9', team: 'crowd' },
    },
    spec: {
      nodeName: `crowd-node-${at % nodeCount}`,
      serviceAccountName: 'default',
      containers: ['application', 'istio-proxy'].map((container) => ({
        ...{ name: container, image: 'none', env: variables },
      })),
    },
  };
}
