import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContractWorld, metadataOf } from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;
let pod: Json;
let accountUid: unknown;

beforeAll(async () => {
  world = await ContractWorld.open();
  const account = await world.create(world.pathOf('serviceaccounts'), {
    metadata: { name: 'web' },
  });
  accountUid = metadataOf(account)['uid'];
  await world.create(world.pathOf('serviceaccounts'), { metadata: { name: 'other' } });
  pod = await world.createPod({ name: 'web-1', serviceAccount: 'web' });
});

afterAll(() => world[Symbol.asyncDispose]());

function ask(spec: unknown, { account = 'web', ...body }: Json = {}): Promise<RawAnswer> {
  const path = `${world.pathOf('serviceaccounts')}/${String(account)}/token`;
  return world.admin.send({ method: 'POST', path, body: { ...body, spec } });
}

function claimsOf({ json }: RawAnswer): Json {
  const [, payload = ''] = String((json['status'] as Json)['token']).split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Json;
}

const audiences = ['istio-ca'];

describe('a token request', () => {
  it('is answered with the token and its end, an hour away', async () => {
    const before = Math.floor(Date.now() / 1000);
    const answer = await ask({ audiences });
    expect(outcomeOf(answer)).toBe('201');
    expect(answer.json).toMatchObject({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: 'web', namespace: world.namespace },
      spec: { audiences, expirationSeconds: 3600, boundObjectRef: null },
      status: { token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) },
    });
    const end = Date.parse(String((answer.json['status'] as Json)['expirationTimestamp'])) / 1000;
    expect(end - 3600).toBeGreaterThanOrEqual(before);
    expect(end - 3600).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
  });

  it('makes a token about the account', async () => {
    const claims = claimsOf(await ask({ audiences, expirationSeconds: 600 }));
    expect(claims).toMatchObject({
      aud: audiences,
      sub: `system:serviceaccount:${world.namespace}:web`,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'kubernetes.io': {
        namespace: world.namespace,
        serviceaccount: { name: 'web', uid: accountUid },
      },
    });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(600);
    expect(claims['nbf']).toBe(claims['iat']);
  });

  it('makes a token for the API itself where no audience is named', async () => {
    const answer = await ask({});
    const token = String((answer.json['status'] as Json)['token']);
    const api = world.admin.as({ kind: 'token', token });
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const { json } = await api.send({ method: 'POST', path, body: {} });
    expect(json['status']).toMatchObject({
      userInfo: { username: `system:serviceaccount:${world.namespace}:web` },
    });
    api.close();
  });

  it('may name several audiences', async () => {
    expect(claimsOf(await ask({ audiences: ['a', 'b'] }))['aud']).toEqual(['a', 'b']);
  });

  it.each<[string, unknown, Json, string]>([
    [
      'for 599 seconds',
      { expirationSeconds: 599 },
      {},
      '422 Invalid spec.expirationSeconds=Invalid',
    ],
    ['for no time', { expirationSeconds: 0 }, {}, '422 Invalid spec.expirationSeconds=Invalid'],
    [
      'for more than 2^32 seconds',
      { expirationSeconds: 2 ** 32 + 1 },
      {},
      '422 Invalid spec.expirationSeconds=Invalid',
    ],
    ['for a time that is a text', { expirationSeconds: 'x' }, {}, '400 BadRequest'],
    ['of an absent account', {}, { account: 'nobody' }, '404 NotFound'],
    [
      'of another kind',
      {},
      { kind: 'Pod', apiVersion: 'authentication.k8s.io/v1' },
      '400 BadRequest',
    ],
    [
      'under another name',
      { audiences },
      { metadata: { name: 'other' } },
      '422 Invalid metadata.name=Invalid',
    ],
    ['in another namespace', { audiences }, { metadata: { namespace: 'other' } }, '400 BadRequest'],
  ])('%s is refused', async (_, spec, body, outcome) => {
    expect(outcomeOf(await ask(spec, body))).toBe(outcome);
  });

  it('of an absent account is refused about the account', async () => {
    const answer = await ask({}, { account: 'nobody' });
    expect(subjectOf(answer)).toEqual({ kind: 'serviceaccounts', name: 'nobody' });
  });

  it.each(['GET', 'PUT'] as const)('cannot be made by %s', async (method) => {
    const path = `${world.pathOf('serviceaccounts')}/web/token`;
    expect(outcomeOf(await world.admin.send({ method, path }))).toBe('405 MethodNotAllowed');
  });
});

describe('a token that is bound to a pod', () => {
  function bound(reference: Json, account = 'web'): Promise<RawAnswer> {
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'web-1', ...reference };
    return ask({ audiences, boundObjectRef }, { account });
  }

  it('names the pod', async () => {
    const claims = claimsOf(await bound({ uid: metadataOf(pod)['uid'] }));
    expect(claims['kubernetes.io']).toMatchObject({
      pod: { name: 'web-1', uid: metadataOf(pod)['uid'] },
    });
  });

  it('names the node of the pod', async () => {
    const node = await world.createNode();
    const name = world.newName('pod');
    await world.createPod({ name, serviceAccount: 'web', nodeName: node.name });
    const claims = claimsOf(await bound({ name }));
    expect(claims['kubernetes.io']).toMatchObject({ node });
  });

  it.each<[string, Json, string]>([
    ['absent', { name: 'nobody' }, '404 NotFound'],
    ['another of that name', { uid: 'x' }, '409 Conflict'],
    ['without a name', { name: undefined }, '400 BadRequest'],
    ['of another kind', { kind: 'ConfigMap' }, '400 BadRequest'],
    ['of another group', { apiVersion: 'apps/v1' }, '400 BadRequest'],
    ['of no kind', { kind: undefined }, '400 BadRequest'],
  ])('is refused where the pod is %s', async (_, reference, outcome) => {
    expect(outcomeOf(await bound(reference))).toBe(outcome);
  });

  it('is refused where the pod runs as another account', async () => {
    expect(outcomeOf(await bound({}, 'other'))).toBe('400 BadRequest');
  });
});
