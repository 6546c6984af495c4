import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ContractWorld, metadataOf, nameOf, versionOf } from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;
let config: Json;

const groupVersion = 'networking.istio.io/v1beta1';
const spec = {
  selector: { matchLabels: { app: 'web' } },
  environmentVariables: { ISTIO_META_CERT_SIGNER: 'foo' },
};

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  config = await make();
});

function make(change: Json = {}): Promise<Json> {
  const metadata = { name: world.newName('config') };
  return world.create(world.pathOf('proxyconfigs', groupVersion), bodyOf({ metadata, ...change }));
}

function bodyOf(change: Json): Json {
  return { apiVersion: groupVersion, kind: 'ProxyConfig', spec, ...change };
}

function pathOf(object: Json): string {
  return `${world.pathOf('proxyconfigs', groupVersion)}/${nameOf(object)}`;
}

function put(body: Json): Promise<RawAnswer> {
  return world.admin.send({ method: 'PUT', path: pathOf(config), body });
}

describe('a ProxyConfig', () => {
  it('is answered as it was sent, in its first generation', () => {
    expect(config).toMatchObject({ apiVersion: groupVersion, kind: 'ProxyConfig', spec });
    expect(metadataOf(config)['generation']).toBe(1);
  });

  it('counts changes of its spec', async () => {
    const answer = await put({ ...config, spec: { environmentVariables: {} } });
    expect(metadataOf(answer.json)['generation']).toBe(2);
  });

  it('does not count changes of its labels', async () => {
    const metadata = { ...metadataOf(config), labels: { a: 'b' } };
    expect(metadataOf((await put({ ...config, metadata })).json)['generation']).toBe(1);
  });

  it('needs its version to be updated', async () => {
    const answer = await put({ ...config, metadata: { name: nameOf(config) } });
    expect(outcomeOf(answer)).toBe('422 Invalid metadata.resourceVersion=Invalid');
  });

  it('is in conflict with an older state', async () => {
    await put({ ...config, spec: {} });
    const answer = await put(config);
    expect(outcomeOf(answer)).toBe('409 Conflict');
    expect(subjectOf(answer)).toEqual({
      group: 'networking.istio.io',
      kind: 'proxyconfigs',
      name: nameOf(config),
    });
  });

  it('is named with its kind in a list', async () => {
    const path = world.pathOf('proxyconfigs', groupVersion);
    const query = { fieldSelector: `metadata.name=${nameOf(config)}` };
    const { json } = await world.admin.send({ path, query });
    expect(json).toMatchObject({ kind: 'ProxyConfigList', apiVersion: groupVersion });
    expect(json['items']).toEqual([config]);
  });

  it('can be watched over all namespaces', async () => {
    const query = { resourceVersion: versionOf(config) };
    using events = await world.admin.watch(`/apis/${groupVersion}/proxyconfigs`, query);
    await put({ ...config, spec: {} });
    await world.admin.send({ method: 'DELETE', path: pathOf(config) });
    const name = nameOf(config);
    await expect(events.changes(2)).resolves.toEqual([`MODIFIED ${name}`, `DELETED ${name}`]);
  });

  it('is deleted with a Status', async () => {
    const { json } = await world.admin.send({ method: 'DELETE', path: pathOf(config) });
    expect(json).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { group: 'networking.istio.io', kind: 'proxyconfigs', name: nameOf(config) },
    });
  });

  it('can be patched by merge', async () => {
    const answer = await world.admin.send({
      method: 'PATCH',
      path: pathOf(config),
      body: { spec: { selector: null } },
      contentType: 'application/merge-patch+json',
    });
    expect(answer.json['spec']).toEqual({ environmentVariables: spec.environmentVariables });
  });

  it('cannot be patched by strategic merge', async () => {
    const answer = await world.admin.send({
      method: 'PATCH',
      path: pathOf(config),
      body: { spec: {} },
      contentType: 'application/strategic-merge-patch+json',
    });
    expect(outcomeOf(answer)).toBe('415 UnsupportedMediaType');
  });

  it('needs no spec', async () => {
    expect(await make({ spec: undefined })).not.toHaveProperty('spec');
  });

  it.each<[string, Json, string]>([
    ['no kind', { kind: undefined }, '400 BadRequest'],
    ['no version', { apiVersion: undefined }, '400 BadRequest'],
    ['another kind', { kind: 'Gateway' }, '422 Invalid kind=Invalid'],
    ['no name', { metadata: {} }, '422 Invalid metadata.name=Required'],
    ['a spec that is a text', { spec: 'x' }, '422 Invalid spec=TypeInvalid'],
    [
      'a variable that is a number',
      { spec: { environmentVariables: { a: 1 } } },
      '422 Invalid spec.environmentVariables.a=TypeInvalid',
    ],
  ])('with %s is refused', async (_, change, outcome) => {
    const body = bodyOf({ metadata: { name: world.newName('config') }, ...change });
    const path = world.pathOf('proxyconfigs', groupVersion);
    // Rules of the schema that could not be asked any more may follow.
    const found = outcomeOf(await world.admin.send({ method: 'POST', path, body }));
    expect(found.replace(' <nil>=Invalid', '')).toBe(outcome);
  });

  it('loses fields that its schema does not have', async () => {
    const answer = await put({ ...config, spec: { ...spec, wings: 2 } });
    expect(answer.json['spec']).toEqual(spec);
  });

  it('cannot be selected by its own fields', async () => {
    const path = world.pathOf('proxyconfigs', groupVersion);
    const query = { fieldSelector: 'spec.image=x' };
    expect(outcomeOf(await world.admin.send({ path, query }))).toBe('400 BadRequest');
  });
});
