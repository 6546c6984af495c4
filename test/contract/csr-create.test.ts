import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ContractWorld,
  csrsPath,
  everyUsage,
  metadataOf,
  nameOf,
  signerName,
} from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

function post(body: Json, query: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  return world.admin.send({ method: 'POST', path: csrsPath, body, query });
}

const csrRules = [
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['certificatesigningrequests'],
    verbs: ['create', 'get'],
  },
];

describe('a new CertificateSigningRequest', () => {
  it('is answered whole, with an empty status', async () => {
    const body = world.csrBody();
    const answer = await post(body);
    expect(outcomeOf(answer)).toBe('201');
    const { apiVersion, kind, metadata, spec, status } = answer.json;
    expect({ apiVersion, kind, status }).toEqual({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      status: {},
    });
    expect(metadata).toMatchObject({
      name: nameOf(body),
      labels: world.labels,
      uid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      resourceVersion: expect.stringMatching(/^[1-9]\d*$/),
      creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect(spec).toMatchObject({ ...(body['spec'] as Json), signerName, usages: everyUsage });
  });

  it('can be read back as it was answered', async () => {
    const created = await world.createCsr();
    const read = await world.admin.send({ path: `${csrsPath}/${nameOf(created)}` });
    expect(read.json).toEqual(created);
  });

  it('carries who asked, with groups, uid and extra', async () => {
    const account = await world.account(csrRules);
    const path = `${world.pathOf('serviceaccounts')}/${account.name}`;
    const { json } = await world.admin.send({ path });
    const created = await account.api.send({
      method: 'POST',
      path: csrsPath,
      body: world.csrBody(),
    });
    const { username, uid, groups, extra } = created.json['spec'] as Json;
    expect({ username, uid, groups }).toEqual({
      username: account.username,
      uid: metadataOf(json)['uid'],
      groups: [
        'system:serviceaccounts',
        `system:serviceaccounts:${world.namespace}`,
        'system:authenticated',
      ],
    });
    expect(extra).toEqual({
      'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)],
    });
  });

  it('carries who asked, whoever the body says it is', async () => {
    const own = (await world.createCsr())['spec'] as Json;
    const forged = { username: 'eve', uid: '1', groups: ['system:masters'], extra: { a: ['b'] } };
    const spec = (await world.createCsr(forged))['spec'] as Json;
    const { username, uid, groups, extra } = own;
    expect(spec).toMatchObject({ username, groups, extra });
    expect(spec['uid']).toBe(uid);
  });

  it('loses the status that it comes with', async () => {
    const status = { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'eA==' };
    const answer = await post({ ...world.csrBody(), status });
    expect(answer.json['status']).toEqual({});
  });

  it('may leave out expirationSeconds', async () => {
    const { spec } = await world.createCsr({ expirationSeconds: undefined });
    expect(spec).not.toHaveProperty('expirationSeconds');
  });

  it('may leave out apiVersion and kind', async () => {
    const { metadata, spec } = world.csrBody();
    const answer = await post({ metadata, spec });
    expect(answer.json).toMatchObject({ kind: 'CertificateSigningRequest' });
  });

  it('loses fields that the type does not have', async () => {
    const answer = await post({ ...world.csrBody({ wings: 2 }), tail: 1 });
    expect(outcomeOf(answer)).toBe('201');
    expect(answer.json).not.toHaveProperty('tail');
    expect(answer.json['spec']).not.toHaveProperty('wings');
  });

  it('is not stored in a dry run', async () => {
    const body = world.csrBody();
    const answer = await post(body, { dryRun: 'All' });
    expect(outcomeOf(answer)).toBe('201');
    expect(metadataOf(answer.json)).not.toHaveProperty('resourceVersion');
    const read = await world.admin.send({ path: `${csrsPath}/${nameOf(body)}` });
    expect(outcomeOf(read)).toBe('404 NotFound');
  });
});

describe('the name', () => {
  it('is made from generateName', async () => {
    const generateName = world.newName('made-');
    const created = await world.createCsr({}, { name: undefined, generateName });
    expect(nameOf(created).slice(0, generateName.length)).toBe(generateName);
    expect(nameOf(created).slice(generateName.length)).toMatch(
      /^[bcdfghjklmnpqrstvwxz2456789]{5}$/,
    );
    expect(metadataOf(created)['generateName']).toBe(generateName);
  });

  it('is cut where generateName is long', async () => {
    const generateName = `${world.newName()}-`.padEnd(70, 'x');
    const created = await world.createCsr({}, { name: undefined, generateName });
    expect(nameOf(created)).toHaveLength(63);
  });

  it('can be taken only once', async () => {
    const body = world.csrBody();
    await post(body);
    const again = await post(body);
    expect(outcomeOf(again)).toBe('409 AlreadyExists');
    expect(subjectOf(again)).toEqual({
      group: 'certificates.k8s.io',
      kind: 'certificatesigningrequests',
      name: nameOf(body),
    });
  });

  it.each([
    ['is missing', undefined, '422 Invalid metadata.name=Required'],
    ['has a slash', 'a/b', '422 Invalid metadata.name=Invalid'],
    ['is two dots', '..', '422 Invalid metadata.name=Invalid'],
  ])('is refused where it %s', async (_, name, outcome) => {
    expect(outcomeOf(await post(world.csrBody({}, { name })))).toBe(outcome);
  });

  it('may be in capital letters', async () => {
    const name = world.newName().toUpperCase();
    await expect(world.createCsr({}, { name })).resolves.toMatchObject({ metadata: { name } });
  });
});

describe('metadata is refused where', () => {
  it.each([
    ['resourceVersion is set', { resourceVersion: '5' }, '500'],
    ['a label has a bad key', { labels: { 'a b': 'c' } }, '422 Invalid metadata.labels=Invalid'],
    ['a label has a bad value', { labels: { a: 'c d' } }, '422 Invalid metadata.labels=Invalid'],
    ['a label is a number', { labels: { a: 3 } }, '400 BadRequest'],
    ['metadata is a text', 'x', '400 BadRequest'],
    [
      'an annotation has a bad key',
      { annotations: { 'a b': 'c' } },
      '422 Invalid metadata.annotations=Invalid',
    ],
    [
      'a finalizer has no domain',
      { finalizers: ['nope'] },
      '422 Invalid metadata.finalizers[0]=Invalid',
    ],
  ])('%s', async (_, metadata, outcome) => {
    const body = world.csrBody();
    const changed = typeof metadata === 'string' ? metadata : { name: nameOf(body), ...metadata };
    expect(outcomeOf(await post({ ...body, metadata: changed }))).toBe(outcome);
  });
});

describe('options are refused where', () => {
  it.each([
    ['dryRun is unknown', { dryRun: 'Some' }, '422 Invalid dryRun=NotSupported'],
    [
      'fieldManager is too long',
      { fieldManager: 'x'.repeat(129) },
      '422 Invalid fieldManager=TooLong',
    ],
  ])('%s', async (_, query, outcome) => {
    const answer = await post(world.csrBody(), query);
    expect(outcomeOf(answer)).toBe(outcome);
    expect(subjectOf(answer)).toEqual({ group: 'meta.k8s.io', kind: 'CreateOptions' });
  });

  it('fieldValidation is strict and a field is unknown', async () => {
    const answer = await post(world.csrBody({ wings: 2 }), { fieldValidation: 'Strict' });
    expect(outcomeOf(answer)).toBe('400 BadRequest');
  });
});
