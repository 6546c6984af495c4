import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ContractWorld, metadataOf, nameOf, versionOf } from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import type { Json, RawAnswer, RawRequest } from './support/raw-api.ts';

let world: ContractWorld;
let map: Json;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  map = await make({ data: { mesh: 'one' } });
});

function make(body: Json, metadata: Json = {}): Promise<Json> {
  const name = world.newName('map');
  return world.create(world.pathOf('configmaps'), { metadata: { name, ...metadata }, ...body });
}

function send(method: RawRequest['method'], others: Partial<RawRequest> = {}, of = map) {
  const path = `${world.pathOf('configmaps')}/${nameOf(of)}`;
  return world.admin.send({ method: method ?? 'GET', path, ...others });
}

function patch(type: string, body: RawRequest['body'], of = map): Promise<RawAnswer> {
  return send('PATCH', { body, contentType: `application/${type}+json` }, of);
}

describe('a ConfigMap', () => {
  it('is answered as it was sent', () => {
    expect(map).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { namespace: world.namespace },
      data: { mesh: 'one' },
    });
  });

  it('may hold bytes', async () => {
    await expect(make({ binaryData: { a: 'AAE=' } })).resolves.toMatchObject({
      binaryData: { a: 'AAE=' },
    });
  });

  it.each<[string, Json, string]>([
    ['a key with a slash', { data: { 'a/b': '' } }, '422 Invalid data[a/b]=Invalid'],
    ['a value that is a number', { data: { a: 1 } }, '400 BadRequest'],
    ['bytes that are no base64', { binaryData: { a: '%' } }, '400 BadRequest'],
    ['a key twice', { data: { a: '' }, binaryData: { a: '' } }, '422 Invalid data[a]=Invalid'],
  ])('with %s is refused', async (_, body, outcome) => {
    const path = world.pathOf('configmaps');
    const whole = { metadata: { name: world.newName('map') }, ...body };
    const answer = await world.admin.send({ method: 'POST', path, body: whole });
    expect(outcomeOf(answer)).toBe(outcome);
  });

  it.each(['Upper', 'a/b', 'a_b', 'a'.repeat(254)])('cannot be named %s', async (name) => {
    const path = world.pathOf('configmaps');
    const answer = await world.admin.send({ method: 'POST', path, body: { metadata: { name } } });
    expect(outcomeOf(answer)).toBe('422 Invalid metadata.name=Invalid');
  });

  it('is deleted with a Status', async () => {
    const { json } = await send('DELETE');
    expect(json).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { kind: 'configmaps' },
    });
  });
});

describe('an update of a ConfigMap', () => {
  it('replaces all of it', async () => {
    const { json } = await send('PUT', { body: { ...map, data: { other: 'two' } } });
    expect(json['data']).toEqual({ other: 'two' });
  });

  it('of an old state is a conflict about the object', async () => {
    await send('PUT', { body: { ...map, data: { mesh: 'two' } } });
    const answer = await send('PUT', { body: { ...map, data: { mesh: 'three' } } });
    expect(outcomeOf(answer)).toBe('409 Conflict');
    expect(subjectOf(answer)).toEqual({ kind: 'configmaps', name: nameOf(map) });
  });

  it('that changes nothing keeps the version', async () => {
    const { json } = await send('PUT', { body: map });
    expect(versionOf(json)).toBe(versionOf(map));
  });
});

describe('a patch of a ConfigMap', () => {
  it('by merge replaces and removes entries', async () => {
    await patch('merge-patch', { data: { other: 'two' } });
    const { json } = await patch('merge-patch', { data: { mesh: null } });
    expect(json['data']).toEqual({ other: 'two' });
  });

  it('by strategic merge replaces and removes entries', async () => {
    await patch('strategic-merge-patch', { data: { other: 'two' } });
    const { json } = await patch('strategic-merge-patch', { data: { mesh: null } });
    expect(json['data']).toEqual({ other: 'two' });
  });

  it('by operations replaces and removes entries', async () => {
    const { json } = await patch('json-patch', [
      { op: 'test', path: '/data/mesh', value: 'one' },
      { op: 'copy', from: '/data/mesh', path: '/data/copied' },
      { op: 'move', from: '/data/mesh', path: '/data/moved~1to' },
      { op: 'remove', path: '/data/moved~1to' },
    ]);
    expect(json['data']).toEqual({ copied: 'one' });
  });
});

describe('an immutable ConfigMap', () => {
  it('keeps its data', async () => {
    const fixed = await make({ data: { mesh: 'one' }, immutable: true });
    const answer = await patch('merge-patch', { data: { mesh: 'two' } }, fixed);
    expect(outcomeOf(answer)).toBe('422 Invalid data=Forbidden');
  });

  it('stays immutable', async () => {
    const fixed = await make({ data: { mesh: 'one' }, immutable: true });
    const answer = await patch('merge-patch', { immutable: false }, fixed);
    expect(outcomeOf(answer)).toBe('422 Invalid immutable=Forbidden');
  });

  it('can still be labelled', async () => {
    const fixed = await make({ data: { mesh: 'one' }, immutable: true });
    const answer = await patch('merge-patch', { metadata: { labels: { a: 'b' } } }, fixed);
    expect(metadataOf(answer.json)['labels']).toEqual({ a: 'b' });
  });
});
