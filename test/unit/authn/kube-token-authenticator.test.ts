import { describe, expect, it } from '@jest/globals';
import { ClusterRegistry } from '../../../src/authn/cluster-registry.ts';
import type { Cluster } from '../../../src/authn/cluster-registry.ts';
import { KubeTokenAuthenticator } from '../../../src/authn/kube-token-authenticator.ts';
import type { Credentials } from '../../../src/authn/authenticator.ts';
import type { TokenReviewResult, TokenReviews } from '../../../src/kube/reviews.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { parseSignerName } from '../../../src/mesh/signer-name.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { apiError } from '../../support/fake-signing-requests.ts';

const good: TokenReviewResult = {
  authenticated: true,
  error: undefined,
  username: 'system:serviceaccount:foo:httpbin',
  uid: 'u1',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:foo', 'system:authenticated'],
  audiences: ['istio-ca'],
  extra: {
    'authentication.kubernetes.io/pod-name': ['httpbin-1'],
    'authentication.kubernetes.io/pod-uid': ['pod-uid-1'],
  },
};

function setUp(review: TokenReviews['review']): {
  authenticator: KubeTokenAuthenticator;
  clock: FakeClock;
} {
  const clock = new FakeClock();
  const mesh = loadMeshSnapshot('trustDomain: example.com', 1);
  const authenticator = new KubeTokenAuthenticator({
    clusters: new ClusterRegistry({
      ...{ id: 'Kubernetes', aliases: ['primary'], tokenReviews: { review } },
      ...{ allowedNamespaces: 'all', allowedSigners: 'all' },
    }),
    mesh: { current: () => mesh },
    audiences: ['istio-ca'],
    clock,
  });
  return { authenticator, clock };
}

const credentials: Credentials = {
  authorization: ['Bearer token-1'],
  clusterIds: [],
  clientCertificate: undefined,
};
const { signal } = new AbortController();

function authenticate(
  result: Partial<TokenReviewResult>,
  sent: Partial<Credentials> = {},
): unknown {
  const { authenticator } = setUp(() => Promise.resolve({ ...good, ...result }));
  return authenticator.authenticate({ ...credentials, ...sent }, signal);
}

describe('KubeTokenAuthenticator', () => {
  it('derives the identity from the reviewed username and the mesh trust domain', async () => {
    await expect(authenticate({})).resolves.toMatchObject({
      identity: { uri: 'spiffe://example.com/ns/foo/sa/httpbin' },
      method: 'kubernetes-token',
      cluster: 'Kubernetes',
      pod: { name: 'httpbin-1', uid: 'pod-uid-1' },
    });
  });

  it('asks for the audiences that it wants', async () => {
    let asked: readonly string[] = [];
    const { authenticator } = setUp((_token, audiences) => {
      asked = audiences;
      return Promise.resolve(good);
    });
    await authenticator.authenticate(credentials, signal);
    expect(asked).toEqual(['istio-ca']);
  });

  it.each([
    ['an error beside the verdict', { error: 'token expired' }, 'token_invalid'],
    ['no authentication', { authenticated: false }, 'token_invalid'],
    ['no audience in the answer', { audiences: [] }, 'token_audience'],
    ['another audience', { audiences: ['https://kubernetes.default.svc'] }, 'token_audience'],
    [
      'a user who is no service account',
      { groups: ['system:authenticated'] },
      'not_a_service_account',
    ],
    ['no username', { username: undefined }, 'username_malformed'],
    ['a malformed username', { username: 'system:serviceaccount:foo' }, 'username_malformed'],
  ])('refuses %s', async (_case, result, reason) => {
    await expect(authenticate(result)).rejects.toMatchObject({
      code: 'CALLER_UNAUTHENTICATED',
      reason,
    });
  });

  it('takes half a pod binding for none', async () => {
    const extra = { 'authentication.kubernetes.io/pod-name': ['httpbin-1'] };
    await expect(authenticate({ extra })).resolves.toMatchObject({ pod: undefined });
  });

  it.each([[['Kubernetes']], [['primary']], [['']], [[]]])(
    'accepts clusterid %j',
    async (clusterIds) => {
      await expect(authenticate({}, { clusterIds })).resolves.toMatchObject({
        cluster: 'Kubernetes',
      });
    },
  );

  it.each([[['other']], [['Kubernetes', 'Kubernetes']]])(
    'refuses clusterid %j',
    async (clusterIds) => {
      await expect(authenticate({}, { clusterIds })).rejects.toMatchObject({
        code: 'CALLER_UNAUTHENTICATED',
      });
    },
  );

  it.each([429, 500, 503, 403, undefined])(
    'is unavailable, not unauthenticated, when the API server answers %s',
    async (status) => {
      const { authenticator } = setUp(() => Promise.reject(apiError(status)));
      await expect(authenticator.authenticate(credentials, signal)).rejects.toMatchObject({
        code: 'AUTHENTICATION_UNAVAILABLE',
      });
    },
  );

  it('gives up on a silent API server after three seconds', async () => {
    const { authenticator, clock } = setUp(
      (_token, _audiences, reviewSignal) =>
        new Promise((_resolve, reject) => {
          reviewSignal.addEventListener('abort', () => {
            reject(reviewSignal.reason as Error);
          });
        }),
    );
    const failure = authenticator.authenticate(credentials, signal).catch((e: unknown) => e);
    await clock.advance(3_000);
    await expect(failure).resolves.toMatchObject({
      code: 'AUTHENTICATION_UNAVAILABLE',
      reason: 'token_review_timeout',
    });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('KubeTokenAuthenticator with a remote cluster', () => {
  const asked: string[] = [];
  const aCluster = (id: string, overrides: Partial<Cluster> = {}): Cluster => ({
    id,
    aliases: [],
    tokenReviews: {
      review: () => {
        asked.push(id);
        return Promise.resolve(good);
      },
    },
    allowedNamespaces: 'all',
    allowedSigners: 'all',
    ...overrides,
  });

  function callerFrom(clusterId: string, remote: Partial<Cluster> = {}): Promise<unknown> {
    asked.length = 0;
    const mesh = loadMeshSnapshot('trustDomain: example.com', 1);
    const authenticator = new KubeTokenAuthenticator({
      clusters: new ClusterRegistry(aCluster('Kubernetes'), [aCluster('west', remote)]),
      mesh: { current: () => mesh },
      audiences: ['istio-ca'],
      clock: new FakeClock(),
    });
    return authenticator.authenticate({ ...credentials, clusterIds: [clusterId] }, signal);
  }

  it.each(['Kubernetes', 'west'])('asks the cluster %s that the client names', async (id) => {
    await expect(callerFrom(id)).resolves.toMatchObject({ cluster: id });
    expect(asked).toEqual([id]);
  });

  it('asks nobody about a token of an unknown cluster', async () => {
    await expect(callerFrom('east')).rejects.toMatchObject({ reason: 'cluster_unknown' });
    expect(asked).toEqual([]);
  });

  it('takes its word for a namespace that is listed for it, and carries its signers', async () => {
    const allowedSigners = new Set([parseSignerName('clusterissuers.cert-manager.io/foo')]);

    await expect(
      callerFrom('west', { allowedNamespaces: new Set(['foo']), allowedSigners }),
    ).resolves.toMatchObject({ identity: { namespace: 'foo' }, allowedSigners });
  });

  it('refuses its word for a namespace that is not', async () => {
    await expect(callerFrom('west', { allowedNamespaces: new Set(['bar']) })).rejects.toMatchObject(
      { code: 'CALLER_UNAUTHENTICATED', reason: 'namespace_out_of_scope' },
    );
  });
});
