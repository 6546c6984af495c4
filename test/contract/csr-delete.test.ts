import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ContractWorld,
  csrsPath,
  metadataOf,
  nameOf,
  versionOf,
} from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import type { Json, RawAnswer, RawRequest } from './support/raw-api.ts';

let world: ContractWorld;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

function remove(name: string, body?: RawRequest['body']): Promise<RawAnswer> {
  return world.admin.send({ method: 'DELETE', path: `${csrsPath}/${name}`, body });
}

function read(csr: Json): Promise<RawAnswer> {
  return world.admin.send({ path: `${csrsPath}/${nameOf(csr)}` });
}

function patchMetadata(csr: Json, metadata: Json): Promise<RawAnswer> {
  return world.admin.send({
    method: 'PATCH',
    path: `${csrsPath}/${nameOf(csr)}`,
    body: { metadata },
    contentType: 'application/merge-patch+json',
  });
}

describe('a deletion', () => {
  it('is answered with a Status about the object', async () => {
    const csr = await world.createCsr();
    const { json } = await remove(nameOf(csr));
    expect(json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {
        name: nameOf(csr),
        group: 'certificates.k8s.io',
        kind: 'certificatesigningrequests',
        uid: metadataOf(csr)['uid'],
      },
    });
  });

  it('of an absent object is refused', async () => {
    const csr = await world.createCsr();
    await remove(nameOf(csr));
    const answer = await remove(nameOf(csr));
    expect(outcomeOf(answer)).toBe('404 NotFound');
    expect(subjectOf(answer)).toEqual({
      name: nameOf(csr),
      group: 'certificates.k8s.io',
      kind: 'certificatesigningrequests',
    });
  });

  it('goes through where uid and resourceVersion are the object’s', async () => {
    const csr = await world.createCsr();
    const { uid, resourceVersion } = metadataOf(csr);
    const answer = await remove(nameOf(csr), { preconditions: { uid, resourceVersion } });
    expect(outcomeOf(answer)).toBe('200');
  });

  it.each([
    ['uid', { uid: 'x' }],
    ['resourceVersion', { resourceVersion: '1' }],
  ])('is a conflict where the %s is another', async (_, preconditions) => {
    const csr = await world.createCsr();
    const answer = await remove(nameOf(csr), { preconditions });
    expect(outcomeOf(answer)).toBe('409 Conflict');
    expect(outcomeOf(await read(csr))).toBe('200');
  });

  it('in a dry run leaves the object', async () => {
    const csr = await world.createCsr();
    expect(outcomeOf(await remove(nameOf(csr), { dryRun: ['All'] }))).toBe('200');
    expect(outcomeOf(await read(csr))).toBe('200');
  });

  it.each<[string, RawRequest['body'], string]>([
    ['are of another kind', { kind: 'Pod', apiVersion: 'v1' }, '400 BadRequest'],
    ['are no JSON', '{', '400 BadRequest'],
    [
      'name an unknown policy',
      { propagationPolicy: 'Foo' },
      '422 Invalid propagationPolicy=NotSupported',
    ],
  ])('is refused where its options %s', async (_, options, outcome) => {
    const csr = await world.createCsr();
    expect(outcomeOf(await remove(nameOf(csr), options))).toBe(outcome);
    expect(outcomeOf(await read(csr))).toBe('200');
  });
});

describe('a finalizer', () => {
  const finalizers = ['contract.istio-ra.test/hold'];

  it('holds the object, which is answered with its deletion time', async () => {
    const csr = await world.createCsr({}, { finalizers });
    const answer = await remove(nameOf(csr));
    expect(answer.json).toMatchObject({ kind: 'CertificateSigningRequest' });
    expect(metadataOf(answer.json)).toMatchObject({
      finalizers,
      deletionTimestamp: expect.any(String),
      deletionGracePeriodSeconds: 0,
    });
    await patchMetadata(csr, { finalizers: null });
  });

  it('lets go of the object when it is removed', async () => {
    const csr = await world.createCsr({}, { finalizers });
    await remove(nameOf(csr));
    expect(outcomeOf(await patchMetadata(csr, { finalizers: null }))).toBe('200');
    expect(outcomeOf(await read(csr))).toBe('404 NotFound');
  });

  it('cannot be added once the deletion has begun', async () => {
    const csr = await world.createCsr({}, { finalizers });
    await remove(nameOf(csr));
    const more = [...finalizers, 'contract.istio-ra.test/more'];
    expect(outcomeOf(await patchMetadata(csr, { finalizers: more }))).toMatch(
      /^422 Invalid metadata\.finalizers=Forbidden/,
    );
    await patchMetadata(csr, { finalizers: null });
  });

  it('is not waited for a second time', async () => {
    const csr = await world.createCsr({}, { finalizers });
    const first = await remove(nameOf(csr));
    const second = await remove(nameOf(csr));
    expect(versionOf(second.json)).toBe(versionOf(first.json));
    await patchMetadata(csr, { finalizers: null });
  });
});

describe('a deletion of many', () => {
  async function left(labelSelector: string): Promise<readonly string[]> {
    const query = { labelSelector };
    const { json } = await world.admin.send({ path: csrsPath, query });
    return (json['items'] as readonly Json[]).map(nameOf);
  }

  it('takes those with the label and answers with them', async () => {
    const kind = world.newName();
    const labels = { ...world.labels, kind };
    const one = await world.createCsr({}, { labels });
    const two = await world.createCsr({}, { labels });
    const stays = await world.createCsr();
    const query = { labelSelector: `kind=${kind}` };
    const answer = await world.admin.send({ method: 'DELETE', path: csrsPath, query });
    expect(answer.json['kind']).toBe('CertificateSigningRequestList');
    expect((answer.json['items'] as readonly Json[]).map(nameOf)).toEqual([one, two].map(nameOf));
    await expect(left(`kind=${kind}`)).resolves.toEqual([]);
    expect(outcomeOf(await read(stays))).toBe('200');
  });

  it('takes those with the field', async () => {
    const signerName = `contract.istio-ra.test/${world.newName()}`;
    const goes = await world.createCsr({ signerName });
    const stays = await world.createCsr();
    const query = { fieldSelector: `spec.signerName=${signerName}` };
    await world.admin.send({ method: 'DELETE', path: csrsPath, query });
    expect(outcomeOf(await read(goes))).toBe('404 NotFound');
    expect(outcomeOf(await read(stays))).toBe('200');
  });

  it('is refused where the selector cannot be read', async () => {
    const query = { labelSelector: 'a in' };
    const answer = await world.admin.send({ method: 'DELETE', path: csrsPath, query });
    expect(outcomeOf(answer)).toBe('400 BadRequest');
  });
});
