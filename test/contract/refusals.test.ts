import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContractWorld, csrsPath } from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import type { Json, RawAnswer, RawRequest } from './support/raw-api.ts';

let world: ContractWorld;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

function post(body: RawRequest['body'], others: Partial<RawRequest> = {}): Promise<RawAnswer> {
  return world.admin.send({ method: 'POST', path: csrsPath, body, ...others });
}

describe('a body is refused where it', () => {
  it.each<[string, RawRequest['body']]>([
    ['is no JSON', '{'],
    ['is empty', ''],
    ['is missing', undefined],
    ['is a list', []],
  ])('%s', async (_, body) => {
    expect(outcomeOf(await post(body))).toBe('400 BadRequest');
  });

  it.each<[string, Json]>([
    ['is of another kind', { kind: 'Pod' }],
    ['is of another version', { apiVersion: 'certificates.k8s.io/v1beta1' }],
    ['is of another group', { apiVersion: 'v1' }],
  ])('%s', async (_, change) => {
    expect(outcomeOf(await post({ ...world.csrBody(), ...change }))).toBe('400 BadRequest');
  });

  it('is an empty object, with every field that is missing', async () => {
    expect(outcomeOf(await post({}))).toBe(
      '422 Invalid metadata.name=Required spec.request=Invalid spec.usages=Required spec.signerName=Required',
    );
  });

  it('is of a type that the server cannot read', async () => {
    const answer = await post('x', { contentType: 'text/plain' });
    expect(outcomeOf(answer)).toBe('415 UnsupportedMediaType');
  });

  it('is no YAML', async () => {
    const answer = await post('a: [', { contentType: 'application/yaml' });
    expect(outcomeOf(answer)).toBe('400 BadRequest');
  });

  it('is longer than 3 MiB', async () => {
    const annotations = { long: 'x'.repeat(3 * 1024 * 1024) };
    const answer = await post(world.csrBody({}, { annotations }));
    expect(outcomeOf(answer)).toBe('413 RequestEntityTooLarge');
  });
});

describe('a body is taken', () => {
  it('with a character set', async () => {
    const contentType = 'application/json; charset=utf-8';
    expect(outcomeOf(await post(world.csrBody(), { contentType }))).toBe('201');
  });

  it('in YAML', async () => {
    // JSON is YAML.
    const body = JSON.stringify(world.csrBody());
    expect(outcomeOf(await post(body, { contentType: 'application/yaml' }))).toBe('201');
  });
});

describe('an answer', () => {
  it('comes in YAML where that is asked for', async () => {
    const answer = await world.admin.send({ path: csrsPath, accept: 'application/yaml' });
    expect(answer.headers['content-type']).toBe('application/yaml');
    expect(answer.text).toMatch(/^kind: CertificateSigningRequestList$/m);
  });

  it('is refused in a form that the server does not have', async () => {
    const answer = await world.admin.send({ path: csrsPath, accept: 'text/plain' });
    expect(outcomeOf(answer)).toBe('406 NotAcceptable');
  });

  it('is JSON that nobody keeps', async () => {
    const { headers } = await world.admin.send({ path: csrsPath });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      'audit-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});

describe('a path', () => {
  it('without an object is not found, about the object', async () => {
    const answer = await world.admin.send({ path: `${csrsPath}/absent` });
    expect(outcomeOf(answer)).toBe('404 NotFound');
    expect(subjectOf(answer)).toEqual({
      name: 'absent',
      group: 'certificates.k8s.io',
      kind: 'certificatesigningrequests',
    });
  });

  it.each([
    ['an unknown resource', '/apis/certificates.k8s.io/v1/nothings'],
    ['an unknown version', '/apis/certificates.k8s.io/v9/certificatesigningrequests'],
    ['a version that is gone', '/apis/certificates.k8s.io/v1beta1/certificatesigningrequests'],
    ['an unknown part', '/api/v1/namespaces/default/configmaps/x/status'],
  ])('with %s is not found, about nothing', async (_, path) => {
    const answer = await world.admin.send({ path });
    expect(outcomeOf(answer)).toBe('404 NotFound');
    expect(subjectOf(answer)).toEqual({});
  });

  it.each(['/apis/nope.io/v1/things', '/apis/nope.io', '/nothing'])(
    'in no group is not found, in plain text: %s',
    async (path) => {
      const { status, text } = await world.admin.send({ path });
      expect({ status, text }).toEqual({ status: 404, text: '404 page not found\n' });
    },
  );

  it.each<['PUT' | 'PATCH' | 'POST' | 'DELETE', string]>([
    ['PUT', csrsPath],
    ['PATCH', csrsPath],
    ['POST', `${csrsPath}/x`],
    ['DELETE', '/api/v1/namespaces'],
  ])('does not take %s: %s', async (method, path) => {
    const contentType = 'application/merge-patch+json';
    const request = { method, path, ...(method === 'DELETE' ? {} : { body: {}, contentType }) };
    const answer = await world.admin.send({ ...request, query: { dryRun: 'All' } });
    expect(outcomeOf(answer)).toBe('405 MethodNotAllowed');
    expect(subjectOf(answer)).toEqual({});
  });

  it('of an object in a namespace that is absent is not found', async () => {
    const path = '/api/v1/namespaces/absent/configmaps';
    const create = await world.admin.send({
      method: 'POST',
      path,
      body: { metadata: { name: 'x' } },
    });
    expect(outcomeOf(create)).toBe('404 NotFound');
    expect(subjectOf(create)).toEqual({ kind: 'namespaces', name: 'absent' });
  });

  it('of a list in a namespace that is absent is empty', async () => {
    const { json } = await world.admin.send({ path: '/api/v1/namespaces/absent/configmaps' });
    expect(json['items']).toEqual([]);
  });

  it('of one namespace does not take an object of another', async () => {
    const metadata = { name: 'x', namespace: 'default' };
    const path = world.pathOf('configmaps');
    const answer = await world.admin.send({ method: 'POST', path, body: { metadata } });
    expect(outcomeOf(answer)).toBe('400 BadRequest');
  });

  it('over all namespaces does not take a new object', async () => {
    const path = '/api/v1/configmaps';
    const answer = await world.admin.send({
      method: 'POST',
      path,
      body: { metadata: { name: 'x' } },
    });
    expect(outcomeOf(answer)).toBe('405 MethodNotAllowed');
  });
});
