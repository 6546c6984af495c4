import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ContractWorld,
  csrsPath,
  metadataOf,
  nameOf,
  versionOf,
} from './support/contract-world.ts';
import { outcomeOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';
import type { RawWatch } from './support/raw-watch.ts';

let world: ContractWorld;
/** A label value of the test's own. */
let mark: string;

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => {
  mark = world.newName('mark');
});

type Query = Readonly<Record<string, string>>;

function watch(query: Query = {}): Promise<RawWatch> {
  return world.admin.watch(csrsPath, { labelSelector: `mark=${mark}`, ...query });
}

function refused(query: Query): Promise<RawAnswer> {
  return world.admin.send({ path: csrsPath, query: { watch: 'true', ...query } });
}

function make(labels: Json = { mark }, metadata: Json = {}): Promise<Json> {
  return world.createCsr({}, { labels: { ...world.labels, ...labels }, ...metadata });
}

async function patch(csr: Json, metadata: Json): Promise<Json> {
  const { json } = await world.admin.send({
    method: 'PATCH',
    path: `${csrsPath}/${nameOf(csr)}`,
    body: { metadata },
    contentType: 'application/merge-patch+json',
  });
  return json;
}

function remove(csr: Json): Promise<RawAnswer> {
  return world.admin.send({ method: 'DELETE', path: `${csrsPath}/${nameOf(csr)}` });
}

async function listVersion(): Promise<string> {
  const query = { labelSelector: `mark=${mark}` };
  return versionOf((await world.admin.send({ path: csrsPath, query })).json);
}

describe('a watch', () => {
  it('from a version tells what came after it, whole and in order', async () => {
    const resourceVersion = await listVersion();
    const csr = await make();
    const changed = await patch(csr, { annotations: { a: 'b' } });
    await remove(csr);
    using events = await watch({ resourceVersion });
    await expect(events.nextChange()).resolves.toEqual({ type: 'ADDED', object: csr });
    await expect(events.nextChange()).resolves.toEqual({ type: 'MODIFIED', object: changed });
    await expect(events.nextChange()).resolves.toMatchObject({ type: 'DELETED' });
  });

  it('tells what happens while it is open', async () => {
    using events = await watch({ resourceVersion: await listVersion() });
    const csr = await make();
    await expect(events.changes(1)).resolves.toEqual([`ADDED ${nameOf(csr)}`]);
  });

  it('tells of a deletion with the last state and a later version', async () => {
    const csr = await make();
    using events = await watch({ resourceVersion: versionOf(csr) });
    await remove(csr);
    const event = await events.nextChange();
    const metadata = metadataOf(event?.object ?? {});
    const { resourceVersion } = metadata;
    expect(event).toEqual({
      type: 'DELETED',
      object: { ...csr, metadata: { ...metadataOf(csr), resourceVersion } },
    });
    expect(Number(resourceVersion)).toBeGreaterThan(Number(versionOf(csr)));
  });

  it.each(['', '0'])('from version %p begins with what there is', async (resourceVersion) => {
    const one = await make();
    const two = await make();
    using events = await watch(resourceVersion === '' ? {} : { resourceVersion });
    await expect(events.changes(2)).resolves.toEqual(
      [one, two].map((csr) => `ADDED ${nameOf(csr)}`),
    );
  });

  it('tells of objects as they begin and cease to fit its labels', async () => {
    const csr = await make({ mark: 'other' });
    using events = await watch({ resourceVersion: versionOf(csr) });
    await patch(csr, { labels: { mark } });
    await patch(csr, { labels: { a: '1' } });
    const last = await patch(csr, { labels: { mark: 'other' } });
    await patch(csr, { labels: { a: '2' } });
    await patch(csr, { labels: { mark } });
    const seen = [];
    for (let count = 0; count < 4; count += 1) {
      const { type = '', object = {} } = (await events.nextChange()) ?? {};
      const { labels } = metadataOf(object) as Record<string, Json>;
      seen.push([type, labels?.['mark'], labels?.['a'], versionOf(object) === versionOf(last)]);
    }
    expect(seen).toEqual([
      ['ADDED', mark, undefined, false],
      ['MODIFIED', mark, '1', false],
      ['DELETED', mark, '1', true],
      ['ADDED', mark, '2', false],
    ]);
  });

  it('can be of one name', async () => {
    const one = await make();
    await make();
    using events = await watch({ fieldSelector: `metadata.name=${nameOf(one)}` });
    await patch(one, { annotations: { a: 'b' } });
    await expect(events.changes(2)).resolves.toEqual(
      ['ADDED', 'MODIFIED'].map((type) => `${type} ${nameOf(one)}`),
    );
  });

  it('tells of a held deletion as a change, and of its end with the last state', async () => {
    const finalizers = ['contract.istio-ra.test/hold'];
    const csr = await make({ mark }, { finalizers });
    using events = await watch({ resourceVersion: versionOf(csr) });
    await remove(csr);
    await patch(csr, { finalizers: null });
    const seen = [await events.nextChange(), await events.nextChange()];
    expect(seen).toMatchObject([
      { type: 'MODIFIED', object: { metadata: { deletionTimestamp: expect.any(String) } } },
      { type: 'DELETED', object: { metadata: { finalizers } } },
    ]);
  });

  it('ends by itself after timeoutSeconds', async () => {
    const start = performance.now();
    using events = await watch({ timeoutSeconds: '1' });
    await expect(events.rest()).resolves.toEqual([]);
    expect(performance.now() - start).toBeGreaterThan(900);
  });

  it('is not asked for by a name in the path: that is a read', async () => {
    const csr = await make();
    const query = { watch: 'true', timeoutSeconds: '1' };
    const answer = await world.admin.send({ path: `${csrsPath}/${nameOf(csr)}`, query });
    expect(answer.json).toEqual(csr);
  });
});

describe('a version that is too old', () => {
  it('is told as an event, after which the watch ends', async () => {
    using events = await watch({ resourceVersion: await world.server.ancientVersion() });
    const seen = await events.rest();
    expect(seen).toEqual([
      {
        type: 'ERROR',
        object: {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: expect.any(String),
          reason: 'Expired',
          code: 410,
        },
      },
    ]);
  });
});

describe('bookmarks', () => {
  it('come where they are asked for, with a version that others have moved to', async () => {
    // A real server sends one each minute, and one two seconds before the end.
    const query = { resourceVersion: await listVersion(), timeoutSeconds: '3' };
    using plain = await watch(query);
    using marked = await watch({ ...query, allowWatchBookmarks: 'true' });
    const foreign = await make({ mark: 'other' });
    let bookmark = await marked.next();
    while (Number(versionOf(bookmark?.object ?? {})) < Number(versionOf(foreign))) {
      bookmark = await marked.next();
    }
    const own = await make();
    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'CertificateSigningRequest', apiVersion: 'certificates.k8s.io/v1' },
    });
    await expect(plain.next()).resolves.toEqual({ type: 'ADDED', object: own });
  });

  it('mark the end of the initial events', async () => {
    const csr = await make();
    using events = await watch({
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    });
    const seen = [await events.next(), await events.next()];
    expect(seen).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: nameOf(csr) } } },
      {
        type: 'BOOKMARK',
        object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
      },
    ]);
  });
});

describe('a watch is refused', () => {
  it.each<[string, Query, string]>([
    ['from a version that is no number', { resourceVersion: 'abc' }, '500'],
    ['with a label selector that cannot be read', { labelSelector: 'a in' }, '400 BadRequest'],
    ['with a field that is not offered', { fieldSelector: 'a=b' }, '400 BadRequest'],
    [
      'with a match',
      { resourceVersion: '1', resourceVersionMatch: 'Exact' },
      '422 Invalid resourceVersionMatch=Forbidden resourceVersionMatch=NotSupported',
    ],
    [
      'with initial events and no match',
      { sendInitialEvents: 'true' },
      '422 Invalid resourceVersionMatch=Forbidden',
    ],
  ])('%s', async (_, query, outcome) => {
    expect(outcomeOf(await refused(query))).toBe(outcome);
  });
});
