import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { awaitUntil } from '../e2e/stack/await-until.ts';
import { ContractWorld, csrsPath } from './support/contract-world.ts';
import type { Account } from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import type { Json, RawApi, RawRequest } from './support/raw-api.ts';

let world: ContractWorld;
let anonymous: RawApi;
/** An account without any right of its own. */
let nobody: Account;

beforeAll(async () => {
  world = await ContractWorld.open();
  anonymous = world.admin.as({ kind: 'none' });
  nobody = await world.account();
});

afterAll(async () => {
  anonymous.close();
  await world[Symbol.asyncDispose]();
});

const reviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

async function withToken(token: string): Promise<string> {
  const api = world.admin.as({ kind: 'token', token });
  const answer = await api.send({ path: '/apis' });
  api.close();
  return outcomeOf(answer);
}

describe('credentials', () => {
  it('of an account make its user', async () => {
    const { json } = await nobody.api.send({ method: 'POST', path: reviews, body: {} });
    expect(json['status']).toEqual({
      userInfo: {
        username: nobody.username,
        uid: expect.any(String),
        groups: [
          'system:serviceaccounts',
          `system:serviceaccounts:${world.namespace}`,
          'system:authenticated',
        ],
        extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)] },
      },
    });
  });

  it('by certificate make the administrator', async () => {
    const { json } = await world.admin.send({ method: 'POST', path: reviews, body: {} });
    expect(json['status']).toMatchObject({
      userInfo: { groups: ['system:masters', 'system:authenticated'] },
    });
  });

  it('that are garbage are refused', async () => {
    await expect(withToken('garbage')).resolves.toBe('401 Unauthorized');
  });

  it.each(['other', 'istio-ca'])('for the audience %s are refused', async (audience) => {
    const token = await world.tokenOf(nobody.name, { audiences: [audience] });
    await expect(withToken(token)).resolves.toBe('401 Unauthorized');
  });

  it('of an account that is gone are refused', async () => {
    const account = await world.account();
    const path = `${world.pathOf('serviceaccounts')}/${account.name}`;
    await world.admin.send({ method: 'DELETE', path });
    const isRefused = async (): Promise<boolean> =>
      outcomeOf(await account.api.send({ path: '/apis' })) === '401 Unauthorized';
    // A real server learns of it through a watch of its own, and keeps verdicts for 10 s.
    const refused = awaitUntil(isRefused, { what: 'the token is refused', timeoutMs: 15_000 });
    await expect(refused).resolves.toBe(true);
  });

  it.each(['Basic eDp5', 'Bearer ', 'Bearer'])(
    'that are no token are as good as none: %p',
    async (authorization) => {
      const headers = { authorization };
      const answer = await anonymous.send({ path: csrsPath, headers });
      expect(outcomeOf(answer)).toBe('403 Forbidden');
    },
  );

  it('may say bearer in small letters', async () => {
    const headers = { authorization: `bearer ${nobody.token}` };
    expect(outcomeOf(await anonymous.send({ path: '/apis', headers }))).toBe('200');
  });
});

describe('a 401', () => {
  it('has no details', async () => {
    const api = world.admin.as({ kind: 'token', token: 'garbage' });
    const answer = await api.send({ path: csrsPath });
    api.close();
    expect(answer.json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    });
  });
});

describe('anybody', () => {
  it.each(['/healthz', '/readyz', '/livez'])('may ask %s', async (path) => {
    const { status, text } = await anonymous.send({ path });
    expect({ status, text }).toEqual({ status: 200, text: 'ok' });
  });

  it('may ask the version', async () => {
    const { json } = await anonymous.send({ path: '/version' });
    const [, minor] = /^v1\.(\d+)\.\d+/.exec(String(json['gitVersion'])) ?? [];
    expect(minor).toBeDefined();
    expect(json).toMatchObject({ major: '1', minor });
  });

  it.each([
    '/',
    '/api',
    '/apis',
    '/openapi/v3',
    '/metrics',
    '/nothing',
    '/readyz/ping',
    '/api/v1/namespaces',
    '/apis/nope.io/v1/things',
  ])('may not ask %s', async (path) => {
    expect(outcomeOf(await anonymous.send({ path }))).toBe('403 Forbidden');
  });
});

describe('an account without rights', () => {
  it.each(['/api', '/apis', '/version', '/api/v1', '/apis/certificates.k8s.io/v1'])(
    'may ask %s',
    async (path) => {
      expect(outcomeOf(await nobody.api.send({ path }))).toBe('200');
    },
  );

  const csr = { group: 'certificates.k8s.io', kind: 'certificatesigningrequests' };
  const merge = 'application/merge-patch+json';
  const refusals: readonly (readonly [string, RawRequest, Json])[] = [
    ['list', { path: csrsPath }, csr],
    ['watch', { path: csrsPath, query: { watch: 'true' } }, csr],
    ['get', { path: `${csrsPath}/x` }, { ...csr, name: 'x' }],
    ['get a part of', { path: `${csrsPath}/x/approval` }, { ...csr, name: 'x' }],
    ['create', { method: 'POST', path: csrsPath, body: {} }, csr],
    ['create, with garbage,', { method: 'POST', path: csrsPath, body: '{' }, csr],
    ['update', { method: 'PUT', path: `${csrsPath}/x`, body: {} }, { ...csr, name: 'x' }],
    [
      'patch',
      { method: 'PATCH', path: `${csrsPath}/x`, body: {}, contentType: merge },
      { ...csr, name: 'x' },
    ],
    ['delete', { method: 'DELETE', path: `${csrsPath}/x` }, { ...csr, name: 'x' }],
    ['delete many', { method: 'DELETE', path: csrsPath }, csr],
    [
      'list by name',
      { path: csrsPath, query: { fieldSelector: 'metadata.name=q' } },
      { ...csr, name: 'q' },
    ],
    [
      'list what is not served',
      { path: '/apis/nope.io/v1/things' },
      { group: 'nope.io', kind: 'things' },
    ],
    ['list pods', { path: '/api/v1/namespaces/default/pods' }, { kind: 'pods' }],
    [
      'read a namespace',
      { path: '/api/v1/namespaces/default' },
      { kind: 'namespaces', name: 'default' },
    ],
  ];

  it.each(refusals)('may not %s', async (_, request, subject) => {
    const answer = await nobody.api.send(request);
    expect(outcomeOf(answer)).toBe('403 Forbidden');
    expect(subjectOf(answer)).toEqual(subject);
  });
});

describe('a right that is bound to a name', () => {
  it('allows a list of that name alone', async () => {
    const name = 'mesh';
    const rule = { apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] };
    const account = await world.account([{ ...rule, resourceNames: [name] }]);
    const list = (query: Readonly<Record<string, string>>) =>
      account.api.send({ path: world.pathOf('configmaps'), query });
    expect(outcomeOf(await list({ fieldSelector: `metadata.name=${name}` }))).toBe('200');
    expect(outcomeOf(await list({ fieldSelector: 'metadata.name=other' }))).toBe('403 Forbidden');
    expect(outcomeOf(await list({}))).toBe('403 Forbidden');
  });
});
