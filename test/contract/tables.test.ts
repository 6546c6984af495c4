import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContractWorld, csrsPath, nameOf, signerName } from './support/contract-world.ts';
import { outcomeOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;
let csr: Json;

beforeAll(async () => {
  world = await ContractWorld.open();
  csr = await world.createCsr();
});

afterAll(() => world[Symbol.asyncDispose]());

const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';

function read(path: string, query: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  return world.admin.send({ path, query, accept: table });
}

function titlesOf({ json }: RawAnswer): readonly unknown[] {
  const columns = json['columnDefinitions'] as readonly Json[];
  return columns.map(({ name, type, format, priority }) =>
    [name, type, format, priority].join(' ').replaceAll('  ', ' '),
  );
}

function rowsOf({ json }: RawAnswer): readonly Json[] {
  return json['rows'] as readonly Json[];
}

function cellsOf(answer: RawAnswer): readonly unknown[] {
  return rowsOf(answer)[0]?.['cells'] as readonly unknown[];
}

const csrColumns = ['Name', 'Age', 'SignerName', 'Requestor', 'RequestedDuration', 'Condition'];

describe('a table of CertificateSigningRequests', () => {
  it('has the columns of kubectl get csr', async () => {
    const answer = await read(`${csrsPath}/${nameOf(csr)}`);
    expect(answer.json).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(titlesOf(answer)).toEqual(
      csrColumns.map((name) => (name === 'Name' ? 'Name string name 0' : `${name} string 0`)),
    );
  });

  it('has a row of cells', async () => {
    const { username } = csr['spec'] as Json;
    const cells = cellsOf(await read(`${csrsPath}/${nameOf(csr)}`));
    const age = expect.stringMatching(/^\d+s$/);
    expect(cells).toEqual([nameOf(csr), age, signerName, username, '60m', 'Pending']);
  });

  it.each<[unknown, string]>([
    [undefined, '<none>'],
    [600, '10m'],
    [86_400, '24h'],
    [7_776_000, '90d'],
  ])('shows a lifetime of %p seconds as %s', async (expirationSeconds, shown) => {
    const other = await world.createCsr({ expirationSeconds });
    expect(cellsOf(await read(`${csrsPath}/${nameOf(other)}`))[4]).toBe(shown);
  });

  it.each([
    [['Approved'], 'Approved'],
    [['Denied'], 'Denied'],
    [['Failed'], 'Pending,Failed'],
    [['Approved', 'Failed'], 'Approved,Failed'],
  ])('shows %p as %s', async (types, shown) => {
    const other = await world.createCsr();
    const conditions = types.map((type) => ({ type, status: 'True' }));
    await world.putCsr(other, 'approval', { conditions });
    expect(cellsOf(await read(`${csrsPath}/${nameOf(other)}`))[5]).toBe(shown);
  });

  it('is the form of a list too, with its version', async () => {
    const query = { fieldSelector: `metadata.name=${nameOf(csr)}` };
    const answer = await read(csrsPath, query);
    expect(answer.json['metadata']).toEqual({ resourceVersion: expect.stringMatching(/^\d+$/) });
    expect(rowsOf(answer)).toHaveLength(1);
  });

  it.each([
    ['', 'PartialObjectMetadata'],
    ['Metadata', 'PartialObjectMetadata'],
    ['Object', 'CertificateSigningRequest'],
  ])('has beside its cells, asked for %p, a %s', async (includeObject, kind) => {
    const query = includeObject === '' ? undefined : { includeObject };
    const [row] = rowsOf(await read(`${csrsPath}/${nameOf(csr)}`, query));
    expect(row?.['object']).toMatchObject({ kind, metadata: { name: nameOf(csr) } });
  });

  it('has nothing beside its cells where that is asked for', async () => {
    const [row] = rowsOf(await read(`${csrsPath}/${nameOf(csr)}`, { includeObject: 'None' }));
    expect(row?.['object']).toBeNull();
  });

  it('does not take an unknown wish', async () => {
    const answer = await read(`${csrsPath}/${nameOf(csr)}`, { includeObject: 'Wings' });
    expect(outcomeOf(answer)).toMatch(/^4/);
  });

  it('comes in a watch, its columns once', async () => {
    await world.createCsr();
    using events = await world.admin.watch(csrsPath, { labelSelector: world.selector }, table);
    const [first, second] = [await events.next(), await events.next()];
    const kind = 'Table';
    expect(first).toMatchObject({ type: 'ADDED', object: { kind, rows: [{}] } });
    expect(second).toMatchObject({ type: 'ADDED', object: { kind, columnDefinitions: null } });
  });
});

describe('metadata alone', () => {
  const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

  it('is a form of a list', async () => {
    const query = { fieldSelector: `metadata.name=${nameOf(csr)}` };
    const { json } = await world.admin.send({ path: csrsPath, query, accept });
    expect(json).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    expect(json['items']).toMatchObject([{ metadata: { name: nameOf(csr) } }]);
    expect((json['items'] as readonly Json[])[0]).not.toHaveProperty('spec');
  });

  it('is a form of one object', async () => {
    const { json } = await world.admin.send({
      path: `${csrsPath}/${nameOf(csr)}`,
      accept: accept.replace('List', ''),
    });
    expect(json).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: expect.objectContaining({ name: nameOf(csr) }),
    });
  });
});

describe('a table of', () => {
  it.each([
    ['pods', ['Name', 'Ready', 'Status', 'Restarts', 'Age']],
    ['configmaps', ['Name', 'Data', 'Age']],
    ['secrets', ['Name', 'Type', 'Data', 'Age']],
    ['serviceaccounts', ['Name', 'Age']],
    ['events', ['Last Seen', 'Type', 'Reason', 'Object', 'Message']],
  ])('%s has the columns of kubectl', async (plural, titles) => {
    const { json } = await read(world.pathOf(plural));
    const columns = json['columnDefinitions'] as readonly Json[];
    expect(columns.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual(
      titles,
    );
  });

  it('leases has the columns of kubectl', async () => {
    const { json } = await read(world.pathOf('leases', 'coordination.k8s.io/v1'));
    const columns = json['columnDefinitions'] as readonly Json[];
    expect(columns.map(({ name }) => name)).toEqual(['Name', 'Holder', 'Age']);
  });

  it('namespaces has the columns of kubectl', async () => {
    const { json } = await read('/api/v1/namespaces');
    const columns = json['columnDefinitions'] as readonly Json[];
    expect(columns.map(({ name }) => name)).toEqual(['Name', 'Status', 'Age']);
  });
});
