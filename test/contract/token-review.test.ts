import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { awaitUntil } from '../e2e/stack/await-until.ts';
import { ContractWorld, metadataOf } from './support/contract-world.ts';
import { outcomeOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;
/** An account of the test's own. */
let account: string;
let accountUid: unknown;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  account = world.newName('web');
  const created = await world.create(world.pathOf('serviceaccounts'), {
    metadata: { name: account },
  });
  accountUid = metadataOf(created)['uid'];
});

const path = '/apis/authentication.k8s.io/v1/tokenreviews';
const audiences = ['istio-ca'];

function send(spec: unknown): Promise<RawAnswer> {
  const kind = 'TokenReview';
  const body = { apiVersion: 'authentication.k8s.io/v1', kind, spec };
  return world.admin.send({ method: 'POST', path, body });
}

async function statusOf(token: string, wanted: readonly string[] = audiences): Promise<Json> {
  const { json } = await send({ token, audiences: wanted });
  return json['status'] as Json;
}

function boundTo(name: string): Promise<string> {
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name };
  return world.tokenOf(account, { audiences, boundObjectRef });
}

function remove(plural: string, name: string): Promise<RawAnswer> {
  const target = `${world.pathOf(plural)}/${name}`;
  return world.admin.send({ method: 'DELETE', path: target, body: { gracePeriodSeconds: 0 } });
}

/** A real server learns of deletions through watches of its own, and keeps verdicts for 10 s. */
function refusalOf(token: string): Promise<Json> {
  const refused = async (): Promise<Json | undefined> => {
    const status = await statusOf(token);
    return status['authenticated'] === true ? undefined : status;
  };
  return awaitUntil(refused, { what: 'the token is refused', timeoutMs: 15_000 });
}

/** What every refusal looks like. */
const refusal = { user: {}, error: expect.stringMatching(/./) };

describe('the review of a good token', () => {
  it('answers with the user, groups, uid and audiences', async () => {
    const token = await world.tokenOf(account, { audiences });
    const answer = await send({ token, audiences });
    expect(answer.json).toEqual({
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: expect.anything(),
      spec: { token, audiences },
      status: {
        authenticated: true,
        audiences,
        user: {
          username: `system:serviceaccount:${world.namespace}:${account}`,
          uid: accountUid,
          groups: [
            'system:serviceaccounts',
            `system:serviceaccounts:${world.namespace}`,
            'system:authenticated',
          ],
          extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)] },
        },
      },
    });
  });

  it('answers with those audiences that the token has', async () => {
    const token = await world.tokenOf(account, { audiences: ['b', 'a', 'c'] });
    await expect(statusOf(token, ['x', 'a', 'b'])).resolves.toMatchObject({
      authenticated: true,
      audiences: ['a', 'b'],
    });
  });

  it('answers for the API itself where no audience is asked for', async () => {
    const { json } = await send({ token: await world.tokenOf(account) });
    expect(json['status']).toMatchObject({ authenticated: true });
  });

  it('names the pod that it is bound to', async () => {
    const name = world.newName('pod');
    const pod = await world.createPod({ name, serviceAccount: account });
    const { user } = (await statusOf(await boundTo(name))) as { readonly user: Json };
    expect(user['extra']).toMatchObject({
      'authentication.kubernetes.io/pod-name': [name],
      'authentication.kubernetes.io/pod-uid': [metadataOf(pod)['uid']],
    });
  });

  it('names the node of that pod', async () => {
    const node = await world.createNode();
    const name = world.newName('pod');
    await world.createPod({ name, serviceAccount: account, nodeName: node.name });
    const { user } = (await statusOf(await boundTo(name))) as { readonly user: Json };
    expect(user['extra']).toMatchObject({
      'authentication.kubernetes.io/node-name': [node.name],
      'authentication.kubernetes.io/node-uid': [node.uid],
    });
  });
});

describe('the review refuses', () => {
  it('a token for another audience', async () => {
    const token = await world.tokenOf(account, { audiences: ['other'] });
    await expect(statusOf(token)).resolves.toEqual(refusal);
  });

  it('a token for another audience where none is asked for', async () => {
    const token = await world.tokenOf(account, { audiences: ['other'] });
    expect((await send({ token })).json['status']).toEqual(refusal);
  });

  it('a token for istio-ca where none is asked for, since the API is nobody of that name', async () => {
    const token = await world.tokenOf(account, { audiences: ['istio-ca'] });
    expect((await send({ token })).json['status']).toEqual(refusal);
  });

  it('a token whose signature was changed', async () => {
    const token = await world.tokenOf(account, { audiences });
    await expect(statusOf(`${token.slice(0, -6)}AAAAAA`)).resolves.toEqual(refusal);
  });

  it.each([
    ['garbage', 'garbage'],
    ['a token without signature', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.'],
    ['a token with a space', 'a b'],
  ])('%s', async (_, token) => {
    await expect(statusOf(token)).resolves.toEqual(refusal);
  });

  it('an expired token [needs the token key]', async () => {
    const name = { namespace: world.namespace, name: account };
    const token = (await world.server.expiredToken?.(name)) ?? '';
    expect(token).not.toBe('');
    await expect(statusOf(token)).resolves.toEqual(refusal);
  });

  it('a token whose pod is gone', async () => {
    const name = world.newName('pod');
    await world.createPod({ name, serviceAccount: account });
    const token = await boundTo(name);
    await remove('pods', name);
    await expect(refusalOf(token)).resolves.toEqual(refusal);
  });

  it('a token whose pod has a successor of its name', async () => {
    const name = world.newName('pod');
    await world.createPod({ name, serviceAccount: account });
    const token = await boundTo(name);
    await remove('pods', name);
    await world.createPod({ name, serviceAccount: account });
    await expect(refusalOf(token)).resolves.toEqual(refusal);
  });

  it('a token whose account is gone', async () => {
    const token = await world.tokenOf(account, { audiences });
    await remove('serviceaccounts', account);
    await expect(refusalOf(token)).resolves.toEqual(refusal);
  });

  it('a token whose account has a successor of its name', async () => {
    const token = await world.tokenOf(account, { audiences });
    await remove('serviceaccounts', account);
    await world.create(world.pathOf('serviceaccounts'), { metadata: { name: account } });
    await expect(refusalOf(token)).resolves.toEqual(refusal);
  });
});

describe('a review', () => {
  it.each<[string, unknown]>([
    ['an empty token', { token: '', audiences }],
    ['no token', { audiences }],
    ['no spec', undefined],
    ['a token that is a number', { token: 5 }],
  ])('with %s is a bad request', async (_, spec) => {
    expect(outcomeOf(await send(spec))).toBe('400 BadRequest');
  });

  it('loses a status that it comes with', async () => {
    const body = { spec: { token: 'x' }, status: { authenticated: true } };
    const { json } = await world.admin.send({ method: 'POST', path, body });
    expect(json['status']).not.toHaveProperty('authenticated');
  });

  it('is not stored: there is no list', async () => {
    expect(outcomeOf(await world.admin.send({ path }))).toBe('405 MethodNotAllowed');
  });

  it.each(['GET', 'DELETE', 'PUT'] as const)('is not stored: %s finds none', async (method) => {
    const answer = await world.admin.send({ method, path: `${path}/x` });
    expect(outcomeOf(answer)).toBe('404 NotFound');
  });

  it('is not served in v1beta1', async () => {
    const old = path.replace('/v1/', '/v1beta1/');
    const answer = await world.admin.send({ method: 'POST', path: old, body: {} });
    expect(outcomeOf(answer)).toBe('404 NotFound');
  });
});
