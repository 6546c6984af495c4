import { describe, expect, it } from '@jest/globals';
import type { Caller } from '../../../src/authn/caller.ts';
import {
  ClusterNodeAuthorizers,
  ScopedNodeAuthorizer,
} from '../../../src/authz/cluster-node-authorizers.ts';
import type { NodeAuthorizer } from '../../../src/authz/granted-identity.ts';
import { parseSpiffeId } from '../../../src/pki/spiffe-id.ts';

const asked = 'spiffe://cluster.local/ns/foo/sa/httpbin';
const { signal } = new AbortController();
const believing: NodeAuthorizer = {
  authorize: (_caller, impersonated) =>
    Promise.resolve({ id: parseSpiffeId(impersonated), pods: [] }),
};

function callerOf(cluster: string): Caller {
  const identity = parseSpiffeId('spiffe://cluster.local/ns/istio-system/sa/ztunnel');
  return {
    ...{ identity, cluster, method: 'kubernetes-token' },
    ...{ pod: { name: 'z', uid: 'u' }, allowedSigners: 'all' },
  };
}

describe('ClusterNodeAuthorizers', () => {
  const authorizers = new ClusterNodeAuthorizers((cluster) =>
    cluster === 'east' ? believing : undefined,
  );

  it('asks the cluster that vouched for the caller', async () => {
    await expect(authorizers.authorize(callerOf('east'), asked, signal)).resolves.toMatchObject({
      id: { uri: asked },
    });
  });

  it('refuses a caller of a cluster whose pods are not known', async () => {
    await expect(authorizers.authorize(callerOf('west'), asked, signal)).rejects.toMatchObject({
      code: 'IMPERSONATION_REFUSED',
      reason: 'cluster_without_pods',
    });
  });
});

describe('ScopedNodeAuthorizer', () => {
  const scoped = (namespace: string): NodeAuthorizer =>
    new ScopedNodeAuthorizer(believing, {
      allowedNamespaces: new Set([namespace]),
      allowedSigners: 'all',
    });

  it('believes a cluster about pods in a namespace of its scope', async () => {
    await expect(scoped('foo').authorize(callerOf('east'), asked, signal)).resolves.toBeDefined();
  });

  it('does not believe it about others', async () => {
    await expect(scoped('bar').authorize(callerOf('east'), asked, signal)).rejects.toMatchObject({
      code: 'CALLER_UNAUTHENTICATED',
      reason: 'namespace_out_of_scope',
    });
  });
});
