import { describe, expect, it } from '@jest/globals';
import type { Caller } from '../../../src/authn/caller.ts';
import { PodNodeAuthorizer } from '../../../src/authz/node-authorizer.ts';
import { PodIndex } from '../../../src/kube/pod-index.ts';
import type { PodLookup } from '../../../src/kube/pod-directory.ts';
import type { Pod } from '../../../src/kube/objects.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { apiError } from '../../support/fake-signing-requests.ts';
import { aWorkloadId } from '../../support/orders.ts';

const clock = new FakeClock();
const { signal } = new AbortController();

function aPod(change: Partial<Pod> = {}): Pod {
  return {
    namespace: 'foo',
    name: 'httpbin-1',
    uid: 'httpbin-uid',
    resourceVersion: '1',
    serviceAccount: 'httpbin',
    nodeName: 'node-1',
    labels: { app: 'httpbin' },
    phase: 'Running',
    deletionTimestamp: undefined,
    ...change,
  };
}

const agentPod = aPod({
  namespace: 'istio-system',
  name: 'ztunnel-a',
  uid: 'ztunnel-uid',
  serviceAccount: 'ztunnel',
});

const agent: Caller = {
  identity: aWorkloadId('istio-system', 'ztunnel'),
  method: 'kubernetes-token',
  cluster: 'Kubernetes',
  pod: { name: 'ztunnel-a', uid: 'ztunnel-uid' },
  allowedSigners: 'all',
};

interface World {
  readonly known?: readonly Pod[];
  readonly real?: readonly Pod[];
  readonly caller?: Caller;
  readonly lookup?: Partial<PodLookup>;
}

function authorize(impersonated: string, world: World = {}): Promise<unknown> {
  const known = world.known ?? [agentPod, aPod()];
  const real = world.real ?? known;
  const pods = new PodIndex();
  for (const pod of known) pods.onPut(pod);
  const mesh = loadMeshSnapshot('', 1);
  const authorizer = new PodNodeAuthorizer({
    trusted: [{ namespace: 'istio-system', serviceAccount: 'ztunnel' }],
    pods,
    lookup: {
      read: (namespace, name) =>
        Promise.resolve(real.find((pod) => pod.namespace === namespace && pod.name === name)),
      listOnNode: (namespace, nodeName) =>
        Promise.resolve(
          real.filter((pod) => pod.namespace === namespace && pod.nodeName === nodeName),
        ),
      ...world.lookup,
    },
    mesh: { current: () => mesh },
    clock,
  });
  return authorizer.authorize(world.caller ?? agent, impersonated, signal);
}

const httpbin = 'spiffe://cluster.local/ns/foo/sa/httpbin';

describe('PodNodeAuthorizer', () => {
  it('lets a trusted agent ask for a workload of its node', async () => {
    await expect(authorize(httpbin)).resolves.toMatchObject({
      id: { uri: httpbin },
      pods: [{ name: 'httpbin-1' }],
    });
  });

  it('counts a workload that is on this node and on others', async () => {
    const elsewhere = aPod({ name: 'httpbin-2', uid: 'u2', nodeName: 'node-2' });
    await expect(
      authorize(httpbin, { known: [agentPod, aPod(), elsewhere] }),
    ).resolves.toMatchObject({
      pods: [{ name: 'httpbin-1' }],
    });
  });

  it('finds a pod that the index does not know yet', async () => {
    await expect(
      authorize(httpbin, { known: [], real: [agentPod, aPod({ phase: 'Pending' })] }),
    ).resolves.toMatchObject({ pods: [{ name: 'httpbin-1' }] });
  });

  it('still counts a pod that is on its way out', async () => {
    const ending = aPod({ deletionTimestamp: clock.now() - 30_000 });
    await expect(authorize(httpbin, { known: [agentPod, ending] })).resolves.toBeDefined();
  });

  it.each<[string, string, World]>([
    [
      'an account that is not trusted',
      'account_not_trusted',
      { caller: { ...agent, identity: aWorkloadId() } },
    ],
    ['a token of no pod', 'token_not_bound', { caller: { ...agent, pod: undefined } }],
    ['a certificate', 'token_not_bound', { caller: { ...agent, method: 'client-certificate' } }],
    ['an agent whose pod is gone', 'agent_pod_gone', { known: [aPod()] }],
    [
      'an agent whose pod was replaced by one of the same name',
      'agent_pod_gone',
      { known: [{ ...agentPod, uid: 'another' }, aPod()] },
    ],
    [
      'an agent whose pod runs under another account',
      'agent_pod_differs',
      { known: [{ ...agentPod, serviceAccount: 'other' }, aPod()] },
    ],
    [
      'an agent whose pod has ended',
      'agent_pod_differs',
      { known: [{ ...agentPod, phase: 'Failed' }, aPod()] },
    ],
    [
      'an agent whose pod has no node',
      'agent_without_node',
      { known: [{ ...agentPod, nodeName: undefined }, aPod()] },
    ],
    [
      'a workload on another node',
      'not_on_node',
      { known: [agentPod, aPod({ nodeName: 'node-2' })] },
    ],
    [
      'a workload that has succeeded',
      'not_on_node',
      { known: [agentPod, aPod({ phase: 'Succeeded' })] },
    ],
    ['a workload that has failed', 'not_on_node', { known: [agentPod, aPod({ phase: 'Failed' })] }],
    [
      'a workload that should long be gone',
      'not_on_node',
      { known: [agentPod, aPod({ deletionTimestamp: clock.now() - 60_000 })] },
    ],
    [
      'another account on the node',
      'not_on_node',
      { known: [agentPod, aPod({ serviceAccount: 'x' })] },
    ],
  ])('refuses %s', async (_what, reason, world) => {
    await expect(authorize(httpbin, world)).rejects.toMatchObject({
      code: 'IMPERSONATION_REFUSED',
      reason,
    });
  });

  it.each([
    ['spiffe://other.domain/ns/foo/sa/httpbin', 'foreign_trust_domain'],
    ['httpbin', 'identity_malformed'],
    ['spiffe://cluster.local/ns/foo/sa/httpbin/x', 'identity_malformed'],
    ['spiffe://cluster.local/ns/foo/sa/', 'identity_malformed'],
  ])('refuses the identity %s', async (impersonated, reason) => {
    await expect(authorize(impersonated)).rejects.toMatchObject({
      code: 'IMPERSONATION_REFUSED',
      reason,
    });
  });

  it('is unavailable, not refused, when the API server does not answer', async () => {
    const lookup = { listOnNode: () => Promise.reject(apiError(503)) };
    await expect(authorize(httpbin, { known: [agentPod], lookup })).rejects.toMatchObject({
      code: 'AUTHENTICATION_UNAVAILABLE',
    });
  });
});
