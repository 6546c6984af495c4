import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ContractWorld, metadataOf, versionOf } from './support/contract-world.ts';
import { outcomeOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;
/** Of a ConfigMap of the test's own. */
let name: string;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => {
  name = world.newName('map');
});

function apply(
  data: Json,
  query: Readonly<Record<string, string>>,
  change: Json = {},
  api = world.admin,
): Promise<RawAnswer> {
  return api.send({
    method: 'PATCH',
    path: `${world.pathOf('configmaps')}/${name}`,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data, ...change },
    contentType: 'application/apply-patch+yaml',
    query,
  });
}

function update(body: Json): Promise<RawAnswer> {
  const path = `${world.pathOf('configmaps')}/${name}`;
  return world.admin.send({ method: 'PUT', path, body, query: { fieldManager: 'three' } });
}

const one = { fieldManager: 'one' };
const two = { fieldManager: 'two' };

describe('server-side apply', () => {
  it('creates what is not there', async () => {
    const answer = await apply({ a: '1' }, one);
    expect(outcomeOf(answer)).toBe('201');
    expect(answer.json['data']).toEqual({ a: '1' });
  });

  it('changes what is there', async () => {
    await apply({ a: '1' }, one);
    const answer = await apply({ a: '2' }, one);
    expect(outcomeOf(answer)).toBe('200');
    expect(answer.json['data']).toEqual({ a: '2' });
  });

  it('removes what the same manager leaves out', async () => {
    await apply({ a: '1', b: '1' }, one);
    const { json } = await apply({ a: '1' }, one);
    expect(json['data']).toEqual({ a: '1' });
  });

  it('keeps what another manager has applied', async () => {
    await apply({ a: '1' }, one);
    const { json } = await apply({ b: '2' }, two);
    expect(json['data']).toEqual({ a: '1', b: '2' });
  });

  it('is a conflict where another manager has applied another value', async () => {
    await apply({ a: '1' }, one);
    const answer = await apply({ a: '2' }, two);
    expect(outcomeOf(answer)).toBe('409 Conflict .data.a=FieldManagerConflict');
  });

  it('takes a field from another manager where it is forced', async () => {
    await apply({ a: '1' }, one);
    const answer = await apply({ a: '2' }, { ...two, force: 'true' });
    expect(answer.json['data']).toEqual({ a: '2' });
  });

  it('that changes nothing keeps the version', async () => {
    const first = await apply({ a: '1' }, one);
    expect(versionOf((await apply({ a: '1' }, one)).json)).toBe(versionOf(first.json));
  });

  it('notes the manager', async () => {
    const { json } = await apply({ a: '1' }, one);
    expect(metadataOf(json)['managedFields']).toMatchObject([
      { manager: 'one', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1' },
    ]);
  });

  it.each<[string, Readonly<Record<string, string>>, Json, string]>([
    ['without a manager', {}, {}, '422 Invalid fieldManager=Required'],
    ['of another kind', one, { kind: 'Secret' }, '400 BadRequest'],
    ['of another name', one, { metadata: { name: 'other' } }, '400 BadRequest'],
    ['without a kind', one, { kind: undefined }, '400 BadRequest'],
  ])('%s is refused', async (_, query, change, outcome) => {
    expect(outcomeOf(await apply({ a: '1' }, query, change))).toBe(outcome);
  });

  it('is a conflict where the version is old', async () => {
    await apply({ a: '1' }, one);
    const metadata = { name, resourceVersion: '1' };
    expect(outcomeOf(await apply({ a: '2' }, one, { metadata }))).toBe('409 Conflict');
  });

  it('shares a field with another manager who applies the same value', async () => {
    await apply({ a: '1' }, one);
    await apply({ a: '1' }, two);
    const { json } = await apply({}, one);
    expect(json['data']).toEqual({ a: '1' });
  });

  it('keeps its fields until another writes other values, by an update too', async () => {
    const { json } = await apply({ a: '1', b: '1' }, one);
    await update({ ...json, data: { a: '2', b: '1' } });
    const { json: after } = await apply({ b: '1' }, one);
    expect(after['data']).toEqual({ a: '2', b: '1' });
  });

  it('is a conflict with an update by another', async () => {
    const { json } = await apply({ a: '1' }, one);
    await update({ ...json, data: { a: '2' } });
    const answer = await apply({ a: '1' }, one);
    expect(outcomeOf(answer)).toBe('409 Conflict .data.a=FieldManagerConflict');
  });

  it('notes who has updated', async () => {
    const { json } = await apply({ a: '1' }, one);
    const { json: after } = await update({ ...json, data: { a: '2' } });
    expect(metadataOf(after)['managedFields']).toMatchObject([
      { manager: 'three', operation: 'Update', fieldsV1: { 'f:data': { 'f:a': {} } } },
    ]);
  });

  it('with the uid of an object that is not there makes none', async () => {
    const metadata = { name, uid: '00000000-0000-0000-0000-000000000000' };
    expect(outcomeOf(await apply({ a: '1' }, one, { metadata }))).toBe('409 Conflict');
  });

  it('of what is not there needs the right to create it, which may be bound to the name', async () => {
    const right = { apiGroups: [''], resources: ['configmaps'], resourceNames: [name] };
    const [patcher, maker] = await Promise.all([
      world.account([{ ...right, verbs: ['patch'] }]),
      world.account([{ ...right, verbs: ['patch', 'create'] }]),
    ]);
    expect(outcomeOf(await apply({ a: '1' }, one, {}, patcher.api))).toBe('403 Forbidden');
    expect(outcomeOf(await apply({ a: '1' }, one, {}, maker.api))).toBe('201');
  });
});
