import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { awaitUntil } from '../e2e/stack/await-until.ts';
import { ContractWorld, metadataOf, nameOf, versionOf } from './support/contract-world.ts';
import { outcomeOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

function post(path: string, body: Json): Promise<RawAnswer> {
  return world.admin.send({ method: 'POST', path, body });
}

const patience = { timeoutMs: 15_000, intervalMs: 20 };

describe('a Secret', () => {
  it('is opaque and turns texts into bytes', async () => {
    const created = await world.create(world.pathOf('secrets'), {
      metadata: { name: world.newName('secret') },
      data: { a: 'AAE=', b: 'AAE=' },
      stringData: { b: 'text' },
    });
    expect(created).toMatchObject({ type: 'Opaque', data: { a: 'AAE=', b: 'dGV4dA==' } });
    expect(created).not.toHaveProperty('stringData');
  });

  it('can be selected by type', async () => {
    const name = world.newName('secret');
    await world.create(world.pathOf('secrets'), { metadata: { name }, type: 'contract/one' });
    const query = { fieldSelector: 'type=contract/one' };
    const { json } = await world.admin.send({ path: world.pathOf('secrets'), query });
    expect((json['items'] as readonly Json[]).map(nameOf)).toEqual([name]);
  });

  it.each<[string, Json, string]>([
    ['bytes that are no base64', { data: { a: '%' } }, '400 BadRequest'],
    ['a key with a slash', { data: { 'a/b': '' } }, '422 Invalid data[a/b]=Invalid'],
    [
      'a TLS type and no key',
      { type: 'kubernetes.io/tls' },
      '422 Invalid data[tls.crt]=Required data[tls.key]=Required',
    ],
  ])('with %s is refused', async (_, body, outcome) => {
    const metadata = { name: world.newName('secret') };
    expect(outcomeOf(await post(world.pathOf('secrets'), { metadata, ...body }))).toBe(outcome);
  });

  it('keeps its type', async () => {
    const secret = await world.create(world.pathOf('secrets'), {
      metadata: { name: world.newName('secret') },
    });
    const answer = await world.admin.send({
      method: 'PUT',
      path: `${world.pathOf('secrets')}/${nameOf(secret)}`,
      body: { ...secret, type: 'other' },
    });
    expect(outcomeOf(answer)).toBe('422 Invalid type=Invalid');
  });
});

describe('an Event', () => {
  const involved = (name: string): Json => ({ kind: 'Pod', name, namespace: world.namespace });

  it('can be selected by what it is about', async () => {
    const name = world.newName('pod');
    const event = await world.create(world.pathOf('events'), {
      metadata: { name: world.newName('event') },
      involvedObject: involved(name),
      reason: 'Tested',
      type: 'Normal',
    });
    const query = { fieldSelector: `involvedObject.name=${name},reason=Tested,type=Normal` };
    const { json } = await world.admin.send({ path: world.pathOf('events'), query });
    expect((json['items'] as readonly Json[]).map(nameOf)).toEqual([nameOf(event)]);
  });

  it('about another namespace is refused', async () => {
    const answer = await post(world.pathOf('events'), {
      metadata: { name: world.newName('event') },
      involvedObject: { kind: 'Pod', name: 'x', namespace: 'default' },
    });
    expect(outcomeOf(answer)).toBe('422 Invalid involvedObject.namespace=Invalid');
  });
});

describe('a ServiceAccount', () => {
  it('is answered when it is deleted', async () => {
    const account = await world.create(world.pathOf('serviceaccounts'), {
      metadata: { name: world.newName('account') },
    });
    const path = `${world.pathOf('serviceaccounts')}/${nameOf(account)}`;
    const { json } = await world.admin.send({ method: 'DELETE', path });
    expect(json).toMatchObject({
      kind: 'ServiceAccount',
      metadata: { uid: metadataOf(account)['uid'] },
    });
  });
});

describe('a Namespace', () => {
  it('is active, labelled with its name, and held', async () => {
    const { json } = await world.admin.send({ path: `/api/v1/namespaces/${world.namespace}` });
    expect(json).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': world.namespace } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  it('can be selected by phase', async () => {
    const query = { fieldSelector: `status.phase=Active,metadata.name=${world.namespace}` };
    const { json } = await world.admin.send({ path: '/api/v1/namespaces', query });
    expect(json['items']).toHaveLength(1);
  });

  it('gets a default account', async () => {
    const path = `${world.pathOf('serviceaccounts')}/default`;
    const isThere = async (): Promise<boolean> => (await world.admin.send({ path })).status === 200;
    await expect(awaitUntil(isThere, { what: 'the account exists', ...patience })).resolves.toBe(
      true,
    );
  });

  it('cannot have dots in its name', async () => {
    const answer = await post('/api/v1/namespaces', { metadata: { name: 'a.b' } });
    expect(outcomeOf(answer)).toBe('422 Invalid metadata.name=Invalid');
  });

  it('is answered when it is deleted, and goes with all that it holds', async () => {
    const name = world.newName('namespace');
    await world.create('/api/v1/namespaces', { metadata: { name } });
    await world.create(`/api/v1/namespaces/${name}/configmaps`, { metadata: { name: 'x' } });
    const path = `/api/v1/namespaces/${name}`;
    const { json } = await world.admin.send({ method: 'DELETE', path });
    expect(json).toMatchObject({ kind: 'Namespace', metadata: { name } });
    const isGone = async (): Promise<boolean> => (await world.admin.send({ path })).status === 404;
    await awaitUntil(isGone, { what: 'the namespace is gone', ...patience });
    const held = await world.admin.send({ path: `${path}/configmaps/x` });
    expect(outcomeOf(held)).toBe('404 NotFound');
  });

  it('is terminating as soon as it is deleted, and takes nothing more', async () => {
    const name = world.newName('namespace');
    await world.create('/api/v1/namespaces', { metadata: { name } });
    const path = `/api/v1/namespaces/${name}`;
    const finalizers = ['contract.istio-ra.test/hold'];
    const contentType = 'application/merge-patch+json';
    const hold = (value: unknown) =>
      world.admin.send({
        method: 'PATCH',
        path,
        body: { metadata: { finalizers: value } },
        contentType,
      });
    await hold(finalizers);
    const { json } = await world.admin.send({ method: 'DELETE', path });
    const create = await post(`${path}/configmaps`, { metadata: { name: 'x' } });
    await hold(null);
    expect(json).toMatchObject({ status: { phase: 'Terminating' } });
    expect(outcomeOf(create)).toBe('403 Forbidden metadata.namespace=NamespaceTerminating');
  });
});

describe('resource versions', () => {
  it('grow over all resources', async () => {
    const versions: number[] = [];
    for (const plural of ['configmaps', 'secrets', 'serviceaccounts']) {
      const metadata = { name: world.newName('any') };
      versions.push(Number(versionOf(await world.create(world.pathOf(plural), { metadata }))));
    }
    expect(versions).toEqual(versions.toSorted((left, right) => left - right));
  });
});
