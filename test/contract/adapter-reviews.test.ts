import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isForbidden } from '../../src/kube/api-error.ts';
import type { KubernetesApi } from '../../src/kube/client-node/connect-kubernetes.ts';
import { connectAdapters } from './support/adapters.ts';
import { ContractWorld, metadataOf, signerName } from './support/contract-world.ts';
import type { Account } from './support/contract-world.ts';

let world: ContractWorld;
let account: Account;
let kubernetes: KubernetesApi;
let deadline: AbortSignal;

const rules = [
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['signers'],
    resourceNames: [signerName],
    verbs: ['approve'],
  },
];

beforeAll(async () => {
  world = await ContractWorld.open();
  account = await world.account(rules);
  kubernetes = await connectAdapters(world.server, account.token);
});

afterAll(async () => {
  await kubernetes.close();
  await world[Symbol.asyncDispose]();
});

beforeEach(() => {
  deadline = AbortSignal.timeout(10_000);
});

const audiences = ['istio-ca'];

describe('the adapter of token reviews', () => {
  it('tells who a pod is', async () => {
    const name = world.newName('pod');
    const pod = await world.createPod({ name, serviceAccount: account.name });
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name };
    const token = await world.tokenOf(account.name, { audiences, boundObjectRef });
    const uid = String(metadataOf(pod)['uid']);
    await expect(kubernetes.tokenReviews.review(token, audiences, deadline)).resolves.toMatchObject(
      {
        authenticated: true,
        error: undefined,
        username: account.username,
        audiences,
        extra: {
          'authentication.kubernetes.io/pod-name': [name],
          'authentication.kubernetes.io/pod-uid': [uid],
        },
      },
    );
  });

  it.each([
    ['for another audience', () => world.tokenOf(account.name, { audiences: ['other'] })],
    ['that is garbage', () => Promise.resolve('garbage')],
  ])('tells why it refuses a token %s', async (_, token) => {
    await expect(
      kubernetes.tokenReviews.review(await token(), audiences, deadline),
    ).resolves.toEqual({
      authenticated: false,
      error: expect.stringMatching(/./),
      username: undefined,
      uid: undefined,
      groups: [],
      audiences: [],
      extra: {},
    });
  });

  it('is for those who have the right', async () => {
    const other = await world.account();
    const adapters = await connectAdapters(world.server, other.token);
    const verdict = adapters.tokenReviews.review('x', audiences, deadline).catch(isForbidden);
    await expect(verdict).resolves.toBe(true);
    await adapters.close();
  });
});

describe('the adapter of access reviews', () => {
  it.each([
    [signerName, true],
    ['foreign.istio-ra.test/one', false],
  ])('tells whether we may approve for %s: %p', async (name, allowed) => {
    const question = { verb: 'approve', group: 'certificates.k8s.io', resource: 'signers', name };
    await expect(kubernetes.accessReviews.can(question, deadline)).resolves.toBe(allowed);
  });

  it('asks about parts too', async () => {
    const resource = 'certificatesigningrequests';
    const question = { verb: 'update', group: 'certificates.k8s.io', resource };
    const asked = { ...question, subresource: 'approval' };
    await expect(kubernetes.accessReviews.can(asked, deadline)).resolves.toBe(false);
  });
});
