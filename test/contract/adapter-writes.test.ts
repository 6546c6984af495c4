import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isAlreadyExists, isConflict, isForbidden } from '../../src/kube/api-error.ts';
import type { KubernetesApi } from '../../src/kube/client-node/connect-kubernetes.ts';
import type { KeptEntry } from '../../src/kube/config-map-writes.ts';
import type { Lease } from '../../src/kube/leases.ts';
import { connectAdapters } from './support/adapters.ts';
import { ContractWorld } from './support/contract-world.ts';
import type { Json } from './support/raw-api.ts';

let world: ContractWorld;
let kubernetes: KubernetesApi;
let deadline: AbortSignal;

const rules = [
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'create', 'update'],
  },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'create', 'patch'] },
  {
    apiGroups: [''],
    resources: ['configmaps'],
    resourceNames: ['contract-roots'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
];

beforeAll(async () => {
  world = await ContractWorld.open();
  kubernetes = await connectAdapters(world.server, (await world.account(rules)).token);
});

afterAll(async () => {
  await kubernetes.close();
  await world[Symbol.asyncDispose]();
});

beforeEach(() => {
  deadline = AbortSignal.timeout(10_000);
});

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('the adapter of leases', () => {
  const record = {
    holder: 'one',
    durationSeconds: 10,
    acquiredAt: Date.UTC(2026, 0, 1, 0, 0, 0, 123),
    renewedAt: Date.UTC(2026, 0, 1, 0, 0, 1),
    transitions: 0,
  };
  let lease: Lease;

  beforeEach(async () => {
    const place = { namespace: world.namespace, name: world.newName('lease') };
    lease = await kubernetes.leases.create({ ...place, record }, deadline);
  });

  it('creates what it was given, and reads it again', async () => {
    expect(lease.record).toEqual(record);
    const { namespace, name } = lease;
    await expect(kubernetes.leases.read(namespace, name, deadline)).resolves.toEqual(lease);
  });

  it('reads nothing where there is nothing', async () => {
    await expect(
      kubernetes.leases.read(world.namespace, 'absent', deadline),
    ).resolves.toBeUndefined();
  });

  it('does not create twice', async () => {
    const error = await thrownBy(kubernetes.leases.create(lease, deadline));
    expect(isAlreadyExists(error)).toBe(true);
  });

  it('updates the state that it knows, and no other', async () => {
    const taken = { ...record, holder: 'two', transitions: 1 };
    const updated = await kubernetes.leases.update({ ...lease, record: taken }, deadline);
    expect(updated.record).toEqual(taken);
    const error = await thrownBy(kubernetes.leases.update(lease, deadline));
    expect(isConflict(error)).toBe(true);
  });

  it('gives it back', async () => {
    const free = { ...record, holder: '', durationSeconds: 1 };
    const updated = await kubernetes.leases.update({ ...lease, record: free }, deadline);
    expect(updated.record.holder).toBe('');
  });
});

describe('the adapter of Secrets', () => {
  const type = 'Opaque';
  const labels = { 'app.kubernetes.io/managed-by': 'istio-ra' };

  it('makes one, and reads it again', async () => {
    const place = { namespace: world.namespace, name: world.newName('secret') };
    const secret = { ...place, type, labels, data: { a: 'ä\n' } };
    await kubernetes.secretWrites.apply(secret, deadline);
    const { namespace, name } = place;
    await expect(kubernetes.secretWrites.read(namespace, name, deadline)).resolves.toMatchObject(
      secret,
    );
  });

  it('changes its own entries and leaves those of others', async () => {
    const place = { namespace: world.namespace, name: world.newName('secret') };
    const metadata = { name: place.name };
    await world.create(world.pathOf('secrets'), { metadata, data: { other: 'AAEC' } });
    await kubernetes.secretWrites.apply(
      { ...place, type, labels, data: { a: '1', b: '1' } },
      deadline,
    );
    await kubernetes.secretWrites.apply({ ...place, type, labels, data: { a: '2' } }, deadline);
    const { json } = await world.admin.send({ path: `${world.pathOf('secrets')}/${place.name}` });
    expect(json['data']).toEqual({ other: 'AAEC', a: 'Mg==' });
  });

  it('reads nothing where there is nothing', async () => {
    await expect(
      kubernetes.secretWrites.read(world.namespace, 'absent', deadline),
    ).resolves.toBeUndefined();
  });

  it('cannot change the type of one that is there', async () => {
    const place = { namespace: world.namespace, name: world.newName('secret') };
    await kubernetes.secretWrites.apply({ ...place, type, labels, data: {} }, deadline);
    const other = { ...place, type: 'example.com/other', labels, data: {} };
    await expect(kubernetes.secretWrites.apply(other, deadline)).rejects.toMatchObject({
      status: 422,
    });
  });
});

describe('the adapter of kept entries', () => {
  const kind = {
    name: 'contract-roots',
    key: 'root-cert.pem',
    labels: { 'istio.io/config': 'true' },
  };
  let namespace: string;
  let path: string;

  beforeEach(async () => {
    namespace = world.newName('ns').slice(-60);
    await world.create('/api/v1/namespaces', { metadata: { name: namespace } });
    path = `/api/v1/namespaces/${namespace}/configmaps`;
  });

  afterEach(async () => {
    await world.admin.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` });
  });

  function apply(text = 'roots'): Promise<void> {
    return kubernetes.configMapWrites.applyEntry(kind, { namespace, text }, deadline);
  }

  async function entry(): Promise<KeptEntry | undefined> {
    const { items } = await kubernetes.keptEntrySource(kind).list(deadline);
    return items.find((item) => item.namespace === namespace);
  }

  async function stored(): Promise<Json> {
    return (await world.admin.send({ path: `${path}/${kind.name}` })).json;
  }

  /** As a controller does it that knows nothing of apply. */
  async function update(data: Json): Promise<void> {
    const body = { ...(await stored()), data };
    const query = { fieldManager: 'pilot-discovery' };
    await world.admin.send({ method: 'PUT', path: `${path}/${kind.name}`, body, query });
  }

  async function remove(): Promise<void> {
    const found = await entry();
    if (found === undefined) throw new Error('there is none');
    await kubernetes.configMapWrites.removeEntry(kind, found, deadline);
  }

  it('makes the ConfigMap where there is none', async () => {
    await apply();
    expect(await stored()).toMatchObject({
      metadata: { labels: kind.labels },
      data: { 'root-cert.pem': 'roots' },
    });
    expect(await entry()).toMatchObject({
      isOurs: true,
      isLabelled: true,
      isAlone: true,
      otherManager: undefined,
    });
  });

  it('takes the entry from another and keeps all else', async () => {
    const body = { metadata: { name: kind.name }, data: { 'root-cert.pem': 'x', other: 'y' } };
    await world.create(path, body);
    await apply();
    expect((await stored())['data']).toEqual({ 'root-cert.pem': 'roots', other: 'y' });
    expect(await entry()).toMatchObject({ isOurs: true, isAlone: false, otherManager: undefined });
  });

  it('tells who has changed it since', async () => {
    await apply();
    await update({ 'root-cert.pem': 'x' });
    expect(await entry()).toMatchObject({ isOurs: false, otherManager: 'pilot-discovery' });
  });

  it('shares the entry with another who wrote the same before', async () => {
    const body = { metadata: { name: kind.name }, data: { 'root-cert.pem': 'roots' } };
    await world.create(path, body);
    await apply();
    await remove();
    expect((await stored())['data']).toEqual({ 'root-cert.pem': 'roots' });
    expect(await entry()).toMatchObject({ isOurs: false });
  });

  it('takes the whole ConfigMap away where there is nothing else in it', async () => {
    await apply();
    await remove();
    expect((await stored())['code']).toBe(404);
  });

  it('takes its entry alone away where there is more', async () => {
    await apply();
    await update({ 'root-cert.pem': 'roots', other: 'y' });
    await remove();
    expect((await stored())['data']).toEqual({ other: 'y' });
  });

  it.each([{}, { other: 'y' }])('takes nothing away that has changed, beside %p', async (more) => {
    await apply();
    await update({ 'root-cert.pem': 'roots', ...more });
    const seen = await entry();
    await update({ 'root-cert.pem': 'x', ...more });
    if (seen === undefined) throw new Error('there is none');
    const removal = kubernetes.configMapWrites.removeEntry(kind, seen, deadline);
    expect(isConflict(await thrownBy(removal))).toBe(true);
    expect((await stored())['data']).toEqual({ 'root-cert.pem': 'x', ...more });
  });

  it('does not write an object of another name', async () => {
    const other = { ...kind, name: 'other' };
    const work = kubernetes.configMapWrites.applyEntry(other, { namespace, text: 'x' }, deadline);
    expect(isForbidden(await thrownBy(work))).toBe(true);
  });

  it('does not write in a namespace that is not there', async () => {
    const work = kubernetes.configMapWrites.applyEntry(
      kind,
      { namespace: 'absent', text: 'x' },
      deadline,
    );
    expect(await thrownBy(work)).toMatchObject({ status: 404 });
  });

  it('watches them in all namespaces', async () => {
    const source = kubernetes.keptEntrySource(kind);
    const { resourceVersion } = await source.list(deadline);
    const seen: unknown[] = [];
    let working: Promise<void> | undefined;
    const options = { resourceVersion, timeoutSeconds: 60 };
    for await (const event of source.watch(options, deadline)) {
      working ??= apply();
      if (event.kind !== 'put' || event.object.namespace !== namespace) continue;
      seen.push(event.object);
      break;
    }
    await working;
    expect(seen).toMatchObject([{ namespace, isOurs: true }]);
  });
});
