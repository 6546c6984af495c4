import { describe, expect, it } from '@jest/globals';
import { valueAt } from '../../../src/sandbox/kube-object.ts';
import { ApiWorld, bob } from './api-world.ts';

const path = '/apis/authentication.k8s.io/v1/tokenreviews';
const account = { namespace: 'foo', serviceAccount: 'httpbin' };
const order = { ...account, audiences: ['istio-ca', 'other'], expirationSeconds: 600 };

function aWorld(): ApiWorld {
  const world = new ApiWorld();
  world.objects.createNamespace('foo');
  world.objects.createServiceAccount('foo', 'httpbin');
  world.objects.createPod({
    namespace: 'foo',
    name: 'httpbin-1',
    serviceAccount: 'httpbin',
    nodeName: 'node-1',
  });
  return world;
}

function review(world: ApiWorld, token: string, audiences = ['istio-ca']): unknown {
  return valueAt(world.value('POST', path, { spec: { token, audiences } }), 'status');
}

describe('TokenReview', () => {
  it('tells who a pod is', () => {
    const world = aWorld();
    const [pod] = world.objects.list('pods');
    const [node] = world.objects.list('nodes');
    const token = world.tokens.issue({ ...order, pod: 'httpbin-1' });
    expect(review(world, token, ['istio-ca', 'api'])).toEqual({
      authenticated: true,
      user: {
        username: 'system:serviceaccount:foo:httpbin',
        uid: world.store.get('serviceaccounts', 'foo', 'httpbin')?.metadata.uid,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:foo', 'system:authenticated'],
        extra: {
          'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=[0-9a-f-]+$/)],
          'authentication.kubernetes.io/node-name': ['node-1'],
          'authentication.kubernetes.io/node-uid': [node?.metadata.uid],
          'authentication.kubernetes.io/pod-name': ['httpbin-1'],
          'authentication.kubernetes.io/pod-uid': [pod?.metadata.uid],
        },
      },
      audiences: ['istio-ca'],
    });
  });

  it.each<[string, (world: ApiWorld, token: string) => unknown, string]>([
    ['for another audience', (world, token) => review(world, token, ['zz']), 'target audiences'],
    ['that is no token', (world) => review(world, 'abc'), 'invalid bearer token'],
    [
      'with another signature',
      (world, token) => review(world, `${token.slice(0, -8)}AAAAAAAA`),
      'cryptographic primitive',
    ],
    [
      'of another cluster',
      (world) => review(world, aWorld().tokens.issue(order)),
      'cryptographic primitive',
    ],
  ])('refuses a token %s', (_, ask, error) => {
    const world = aWorld();
    expect(ask(world, world.tokens.issue(order))).toEqual({
      user: {},
      error: expect.stringContaining(error),
    });
  });

  it('refuses a token without a signature, whatever its header says', () => {
    const world = aWorld();
    const [, payload] = world.tokens.issue(order).split('.');
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(review(world, `${header}.${payload ?? ''}.`)).toMatchObject({ user: {} });
  });

  it('refuses a token whose time is over', async () => {
    const world = aWorld();
    const token = world.tokens.issue(order);
    await world.clock.advance(601_000);
    expect(review(world, token)).toMatchObject({ error: expect.stringContaining('expired') });
  });

  it('refuses a token whose pod is gone', () => {
    const world = aWorld();
    const token = world.tokens.issue({ ...order, pod: 'httpbin-1' });
    world.objects.delete({ resource: 'pods', namespace: 'foo', name: 'httpbin-1' });
    expect(review(world, token)).toMatchObject({ error: expect.stringContaining('not found') });
  });

  it('refuses a token whose account was made anew', () => {
    const world = aWorld();
    const token = world.tokens.issue(order);
    const place = { resource: 'serviceaccounts', namespace: 'foo', name: 'httpbin' };
    world.objects.delete(place);
    world.objects.createServiceAccount('foo', 'httpbin');
    expect(review(world, token)).toMatchObject({ error: expect.stringContaining('invalidated') });
  });

  it('wants a token: 400', () => {
    expect(aWorld().refusal('POST', path, { spec: { token: '' } }).code).toBe(400);
  });

  it.each([
    [{ kind: 'error' as const }, { user: {} }],
    [{ kind: 'audiences' as const, audiences: [] }, { audiences: [] }],
    [{ kind: 'username' as const, username: 'x' }, { user: { username: 'x' } }],
    [{ kind: 'contradiction' as const }, { authenticated: true, error: expect.any(String) }],
  ])('answers wrongly while the fault %j is set', (fault, expected) => {
    const world = aWorld();
    world.reviewFaults.set(fault, { count: 1 });
    const token = world.tokens.issue(order);
    expect([review(world, token), review(world, token)]).toMatchObject([
      expected,
      { authenticated: true, audiences: ['istio-ca'] },
    ]);
  });
});

describe('TokenRequest', () => {
  const tokenPath = '/api/v1/namespaces/foo/serviceaccounts/httpbin/token';
  const boundTo = (name: string, uid?: string): object => ({
    spec: { audiences: ['istio-ca'], boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
  });

  it('gives a token that is bound to the pod', () => {
    const world = aWorld();
    const answer = world.value('POST', tokenPath, boundTo('httpbin-1'));
    expect(review(world, String(valueAt(answer, 'status', 'token')))).toMatchObject({
      user: { extra: { 'authentication.kubernetes.io/pod-name': ['httpbin-1'] } },
    });
  });

  it.each([
    ['a life that is too short', { spec: { expirationSeconds: 599 } }, 422],
    ['a pod that is not there', boundTo('none'), 404],
    ['a pod of another uid', boundTo('httpbin-1', 'x'), 409],
    ['anything but a pod', { spec: { boundObjectRef: { kind: 'Secret', name: 'x' } } }, 400],
  ])('refuses %s', (_, body, code) => {
    expect(aWorld().refusal('POST', tokenPath, body).code).toBe(code);
  });

  it('refuses a pod of another account', () => {
    const world = aWorld();
    world.objects.createPod({ namespace: 'foo', name: 'b', serviceAccount: 'default' });
    expect(world.refusal('POST', tokenPath, boundTo('b')).code).toBe(400);
  });
});

describe('SelfSubjectAccessReview', () => {
  const accessPath = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

  it('answers what the user may do', () => {
    const world = new ApiWorld();
    const spec = { resourceAttributes: { verb: 'get', resource: 'pods', subresource: '' } };
    const ask = (): unknown =>
      valueAt(world.value('POST', accessPath, { spec }, { user: bob }), 'status', 'allowed');
    const before = ask();
    world.authorizer.setRules('bob', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
    expect([before, ask()]).toEqual([false, true]);
  });

  it('wants one question: 422', () => {
    expect(new ApiWorld().refusal('POST', accessPath, { spec: {} }).code).toBe(422);
  });
});
