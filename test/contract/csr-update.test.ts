import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ContractWorld,
  csrsPath,
  metadataOf,
  nameOf,
  versionOf,
} from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;
let csr: Json;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  csr = await world.createCsr();
});

function put(body: Json, name = nameOf(csr)): Promise<RawAnswer> {
  return world.admin.send({ method: 'PUT', path: `${csrsPath}/${name}`, body });
}

function putMetadata(change: Json): Promise<RawAnswer> {
  return put({ ...csr, metadata: { ...metadataOf(csr), ...change } });
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

function patch(
  type: keyof typeof patchTypes,
  body: Json | readonly unknown[] | string,
): Promise<RawAnswer> {
  const contentType = patchTypes[type];
  return world.admin.send({
    method: 'PATCH',
    path: `${csrsPath}/${nameOf(csr)}`,
    body,
    contentType,
  });
}

const denied = { conditions: [{ type: 'Denied', status: 'True' }] };

/** Before Kubernetes 1.37 two checks of the API server found it, and it told of both. */
async function immutable(field: string): Promise<string> {
  const count = (await world.minorVersion()) < 37 ? 2 : 1;
  return ['422 Invalid', ...Array<string>(count).fill(`${field}=Invalid`)].join(' ');
}

describe('an update', () => {
  it('of nothing keeps the resourceVersion', async () => {
    const answer = await put(csr);
    expect(outcomeOf(answer)).toBe('200');
    expect(answer.json).toEqual(csr);
  });

  it('of labels and annotations makes a later resourceVersion', async () => {
    const labels = { ...world.labels, a: 'b' };
    const answer = await putMetadata({ labels, annotations: { c: 'd' } });
    expect(answer.json['metadata']).toMatchObject({ labels, annotations: { c: 'd' } });
    expect(Number(versionOf(answer.json))).toBeGreaterThan(Number(versionOf(csr)));
  });

  it('of spec and status changes nothing', async () => {
    const spec = { ...(csr['spec'] as Json), signerName: 'x.y/z', usages: ['any'] };
    const answer = await put({ ...csr, spec, status: denied });
    expect(outcomeOf(answer)).toBe('200');
    expect(answer.json).toEqual(csr);
  });

  it('with a spec that could not be created changes nothing', async () => {
    const answer = await put({ ...csr, spec: { signerName: '', usages: [] } });
    expect(answer.json).toEqual(csr);
  });

  it('without a spec changes nothing', async () => {
    const answer = await put({ metadata: csr['metadata'] });
    expect(answer.json).toEqual(csr);
  });

  it('without a resourceVersion is taken', async () => {
    const labels = { ...world.labels, late: 'yes' };
    const answer = await putMetadata({ resourceVersion: undefined, labels });
    expect(answer.json['metadata']).toMatchObject({ labels });
  });

  it('of the creation time changes nothing', async () => {
    const answer = await putMetadata({ creationTimestamp: '2001-01-01T00:00:00Z' });
    expect(answer.json).toEqual(csr);
  });

  it('with an old resourceVersion is a conflict about the object', async () => {
    await putMetadata({ labels: { ...world.labels, a: 'b' } });
    const answer = await putMetadata({ labels: { ...world.labels, a: 'c' } });
    expect(outcomeOf(answer)).toBe('409 Conflict');
    expect(subjectOf(answer)).toEqual({
      group: 'certificates.k8s.io',
      kind: 'certificatesigningrequests',
      name: nameOf(csr),
    });
  });

  it('with another uid is a conflict', async () => {
    const uid = '00000000-0000-0000-0000-000000000000';
    expect(outcomeOf(await putMetadata({ resourceVersion: undefined, uid }))).toBe('409 Conflict');
  });

  it.each<[string, Json, string]>([
    ['another name', { name: 'other' }, '400 BadRequest'],
    ['no name', { name: undefined }, '400 BadRequest'],
    ['a resourceVersion that is no number', { resourceVersion: 'abc' }, '500'],
  ])('with %s is refused', async (_, change, outcome) => {
    expect(outcomeOf(await putMetadata(change))).toBe(outcome);
  });

  it('with a deletion time is refused', async () => {
    const answer = await putMetadata({ deletionTimestamp: '2001-01-01T00:00:00Z' });
    expect(outcomeOf(answer)).toBe(await immutable('metadata.deletionTimestamp'));
  });

  it('with a bad label is refused', async () => {
    expect(outcomeOf(await putMetadata({ labels: { 'a b': 'x' } }))).toMatch(
      /^422 Invalid metadata\.labels=Invalid/,
    );
  });

  it('of an absent object is refused', async () => {
    const name = world.newName('absent');
    const answer = await put({ ...csr, metadata: { name } }, name);
    expect(outcomeOf(answer)).toBe('404 NotFound');
  });
});

describe('a patch', () => {
  it('by merge sets and removes labels', async () => {
    await patch('merge', { metadata: { labels: { a: '1', b: '2' } } });
    const answer = await patch('merge', { metadata: { labels: { a: null, c: '3' } } });
    expect(metadataOf(answer.json)['labels']).toEqual({ ...world.labels, b: '2', c: '3' });
  });

  it('by merge of the spec changes nothing', async () => {
    const answer = await patch('merge', { spec: { signerName: 'no.no/no' }, status: denied });
    expect(answer.json).toEqual(csr);
  });

  it('by strategic merge sets labels', async () => {
    const answer = await patch('strategic', { metadata: { labels: { a: '1' } } });
    expect(metadataOf(answer.json)['labels']).toEqual({ ...world.labels, a: '1' });
  });

  it('by operations sets labels', async () => {
    const answer = await patch('json', [
      { op: 'test', path: '/metadata/name', value: nameOf(csr) },
      { op: 'add', path: '/metadata/labels/a', value: '1' },
    ]);
    expect(metadataOf(answer.json)['labels']).toEqual({ ...world.labels, a: '1' });
  });

  it.each<[string, readonly unknown[] | Json]>([
    ['whose test fails', [{ op: 'test', path: '/metadata/name', value: 'no' }]],
    ['that remove what is not there', [{ op: 'remove', path: '/metadata/labels/none' }]],
    ['of an unknown kind', [{ op: 'fly', path: '/metadata/labels/none' }]],
  ])('by operations %s is refused', async (_, operations) => {
    expect(outcomeOf(await patch('json', operations))).toBe('422 Invalid');
  });

  it('by operations that are no list is refused', async () => {
    expect(outcomeOf(await patch('json', { a: 1 }))).toBe('400 BadRequest');
  });

  it('with an old resourceVersion is a conflict', async () => {
    const metadata = { resourceVersion: '1', labels: { v: 'v' } };
    expect(outcomeOf(await patch('merge', { metadata }))).toBe('409 Conflict');
  });

  it('of the uid is refused', async () => {
    const answer = await patch('merge', { metadata: { uid: 'x' } });
    expect(outcomeOf(answer)).toBe(await immutable('metadata.uid'));
  });

  it('of the name is refused', async () => {
    expect(outcomeOf(await patch('merge', { metadata: { name: 'x' } }))).toBe('400 BadRequest');
  });

  it('that makes a label a number is refused', async () => {
    const outcome = outcomeOf(await patch('merge', { metadata: { labels: { a: 5 } } }));
    expect(outcome).toBe('422 Invalid patch=Invalid');
  });

  it('that is no JSON is refused', async () => {
    expect(outcomeOf(await patch('merge', '{'))).toBe('400 BadRequest');
  });

  it.each(['application/json', 'text/plain'])('as %s is refused', async (type) => {
    const path = `${csrsPath}/${nameOf(csr)}`;
    const answer = await world.admin.send({ method: 'PATCH', path, body: '{}', contentType: type });
    expect(outcomeOf(answer)).toBe('415 UnsupportedMediaType');
  });

  it('of an absent object is refused', async () => {
    const path = `${csrsPath}/${world.newName('absent')}`;
    const contentType = patchTypes.merge;
    const answer = await world.admin.send({ method: 'PATCH', path, body: {}, contentType });
    expect(outcomeOf(answer)).toBe('404 NotFound');
  });
});
