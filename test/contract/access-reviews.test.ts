import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContractWorld, signerName } from './support/contract-world.ts';
import type { Account } from './support/contract-world.ts';
import { outcomeOf } from './support/outcome.ts';
import type { Json, RawApi } from './support/raw-api.ts';

let world: ContractWorld;
let account: Account;

const rules = [
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['signers'],
    verbs: ['approve'],
    resourceNames: [signerName],
  },
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['certificatesigningrequests', 'certificatesigningrequests/approval'],
    verbs: ['create', 'update'],
  },
];

beforeAll(async () => {
  world = await ContractWorld.open();
  account = await world.account(rules);
});

afterAll(() => world[Symbol.asyncDispose]());

const group = '/apis/authorization.k8s.io/v1';

function review(api: RawApi, plural: string, spec: Json) {
  return api.send({ method: 'POST', path: `${group}/${plural}`, body: { spec } });
}

async function isAllowed(resourceAttributes: Json): Promise<unknown> {
  const { json } = await review(account.api, 'selfsubjectaccessreviews', { resourceAttributes });
  return (json['status'] as Json)['allowed'];
}

const signers = { group: 'certificates.k8s.io', resource: 'signers' };
const csrs = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests' };

describe('a SelfSubjectAccessReview', () => {
  it.each<[string, Json, boolean]>([
    ['the verb on the name', { ...signers, verb: 'approve', name: signerName }, true],
    ['the verb on another name', { ...signers, verb: 'approve', name: 'x.y/z' }, false],
    ['the verb on every name', { ...signers, verb: 'approve' }, false],
    ['another verb on the name', { ...signers, verb: 'sign', name: signerName }, false],
    ['the verb on the resource', { ...csrs, verb: 'create' }, true],
    ['the verb on another resource', { ...csrs, resource: 'pods', verb: 'create' }, false],
    ['the verb in another group', { ...csrs, group: 'other.io', verb: 'create' }, false],
    ['the verb on a part', { ...csrs, subresource: 'approval', verb: 'update' }, true],
    ['the verb on another part', { ...csrs, subresource: 'status', verb: 'update' }, false],
    ['the verb in one namespace', { ...csrs, namespace: 'default', verb: 'create' }, true],
  ])('about %s: %p', async (_, attributes, allowed) => {
    await expect(isAllowed(attributes)).resolves.toBe(allowed);
  });

  it.each([
    ['/api', true],
    ['/metrics', false],
  ])('about the path %s: %p', async (path, allowed) => {
    const spec = { nonResourceAttributes: { path, verb: 'get' } };
    const { json } = await review(account.api, 'selfsubjectaccessreviews', spec);
    expect(json['status']).toMatchObject({ allowed });
  });

  it('is answered whole', async () => {
    const spec = { resourceAttributes: { ...csrs, verb: 'delete' } };
    const answer = await review(account.api, 'selfsubjectaccessreviews', spec);
    expect(outcomeOf(answer)).toBe('201');
    expect(answer.json).toMatchObject({
      kind: 'SelfSubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      spec,
      status: { allowed: false },
    });
  });

  it('about nothing is refused', async () => {
    const answer = await review(account.api, 'selfsubjectaccessreviews', {});
    const field = (await world.minorVersion()) < 37 ? 'spec.resourceAttributes' : 'spec';
    expect(outcomeOf(answer)).toBe(`422 Invalid ${field}=Invalid`);
  });

  it('allows the administrator everything', async () => {
    const spec = { resourceAttributes: { ...signers, verb: 'fly', name: 'x.y/z' } };
    const { json } = await review(world.admin, 'selfsubjectaccessreviews', spec);
    expect(json['status']).toMatchObject({ allowed: true });
  });
});

describe('a SubjectAccessReview', () => {
  it('is about somebody else', async () => {
    const spec = { user: account.username, resourceAttributes: { ...csrs, verb: 'create' } };
    const { json } = await review(world.admin, 'subjectaccessreviews', spec);
    expect(json['status']).toMatchObject({ allowed: true });
  });

  it('about nobody is refused', async () => {
    const spec = { resourceAttributes: { ...csrs, verb: 'create' } };
    const answer = await review(world.admin, 'subjectaccessreviews', spec);
    expect(outcomeOf(answer)).toBe('422 Invalid spec.user=Invalid');
  });

  it('is not for everybody', async () => {
    const spec = { user: 'x', resourceAttributes: { ...csrs, verb: 'create' } };
    const answer = await review(account.api, 'subjectaccessreviews', spec);
    expect(outcomeOf(answer)).toBe('403 Forbidden');
  });
});

describe('a SelfSubjectRulesReview', () => {
  it('lists what the account may do', async () => {
    const spec = { namespace: world.namespace };
    const answer = await review(account.api, 'selfsubjectrulesreviews', spec);
    expect(outcomeOf(answer)).toBe('201');
    const { resourceRules, incomplete } = answer.json['status'] as Json;
    expect(incomplete).toBe(false);
    expect(resourceRules).toEqual(expect.arrayContaining(rules));
  });

  it('without a namespace is refused', async () => {
    const answer = await review(account.api, 'selfsubjectrulesreviews', {});
    expect(outcomeOf(answer)).toBe('400 BadRequest');
  });
});
