import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ContractWorld,
  csrsPath,
  nameOf,
  signerName,
  versionOf,
} from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import { without } from './support/raw-api.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;
/** a has x=1 and y=a, b has x=2 and a signer of its own, c has x=3 and an empty y, d has neither. */
let named: Readonly<Record<string, Json>>;
let otherSigner: string;

beforeAll(async () => {
  world = await ContractWorld.open();
  otherSigner = `other.istio-ra.test/${world.namespace}`;
  const make = (letter: string, labels: Json, spec: Json = {}): Promise<Json> => {
    const name = `${world.namespace}-${letter}`;
    return world.createCsr(spec, { name, labels: { ...world.labels, ...labels } });
  };
  named = {
    a: await make('a', { x: '1', y: 'a' }),
    b: await make('b', { x: '2' }, { signerName: otherSigner }),
    c: await make('c', { x: '3', y: '' }),
    d: await make('d', {}),
  };
});

afterAll(() => world[Symbol.asyncDispose]());

type Query = Readonly<Record<string, string>>;

/** Of this file's objects. */
function list(query: Query = {}): Promise<RawAnswer> {
  const { labelSelector, ...others } = query;
  const selector = [world.selector, ...(labelSelector === undefined ? [] : [labelSelector])];
  return listAll({ ...others, labelSelector: selector.join(',') });
}

function listAll(query: Query): Promise<RawAnswer> {
  return world.admin.send({ path: csrsPath, query });
}

function lettersOf({ json }: RawAnswer): string {
  const items = (json['items'] ?? []) as readonly Json[];
  return items.map((item) => nameOf(item).slice(-1)).join('');
}

function tokenOf({ json }: RawAnswer): string {
  return String((json['metadata'] as Json)['continue']);
}

/** The same token for an older state; both servers write theirs as JSON in base64. */
function withVersion(token: string, rv: number): string {
  const parsed = JSON.parse(Buffer.from(token, 'base64url').toString()) as Json;
  return Buffer.from(JSON.stringify({ ...parsed, rv })).toString('base64url');
}

describe('a list', () => {
  it('has a version, and items without apiVersion and kind', async () => {
    const { json } = await list({ labelSelector: 'x=1' });
    expect(json).toEqual({
      kind: 'CertificateSigningRequestList',
      apiVersion: 'certificates.k8s.io/v1',
      metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
      items: [without(named['a'] ?? {}, 'apiVersion', 'kind')],
    });
  });

  it('has an empty list of items where there are none', async () => {
    const { json } = await list({ labelSelector: 'x=none' });
    expect(json['items']).toEqual([]);
  });
});

describe('a label selector', () => {
  it.each([
    ['x=1', 'a'],
    ['x==1', 'a'],
    ['x = 1', 'a'],
    ['x!=1', 'bcd'],
    ['x in (1,2)', 'ab'],
    ['x in ( 1 , 2 )', 'ab'],
    ['x notin (1,2)', 'cd'],
    ['x notin(1)', 'bcd'],
    ['x', 'abc'],
    ['!x', 'd'],
    ['y=', 'c'],
    ['y!=', 'abd'],
    ['y in (,a)', 'ac'],
    ['x=1,y=a', 'a'],
    ['x>1', 'bc'],
    ['x<3', 'ab'],
    ['example.com/a', ''],
  ])('%s selects %p', async (labelSelector, letters) => {
    expect(lettersOf(await list({ labelSelector }))).toBe(letters);
  });

  it.each([
    ['x in'],
    ['x in 1'],
    ['x=1=2'],
    ['=1'],
    ['x=!'],
    ['!x=1'],
    ['x=1 y=2'],
    ['a/b/c=1'],
    ['x,'],
    [''],
    [`x=${'a'.repeat(64)}`],
    ['k'.repeat(64)],
  ])('%p after a comma is refused', async (labelSelector) => {
    expect(outcomeOf(await list({ labelSelector }))).toBe('400 BadRequest');
  });
});

describe('a field selector', () => {
  it.each<[string, () => string, string]>([
    ['by name', () => `metadata.name=${world.namespace}-a`, 'a'],
    ['by name with two signs', () => `metadata.name==${world.namespace}-b`, 'b'],
    ['by any other name', () => `metadata.name!=${world.namespace}-a`, 'bcd'],
    ['by signer', () => `spec.signerName=${otherSigner}`, 'b'],
    ['by any other signer', () => `spec.signerName!=${otherSigner}`, 'acd'],
    [
      'by name and signer',
      () => `metadata.name=${world.namespace}-a,spec.signerName=${signerName}`,
      'a',
    ],
  ])('%s selects', async (_, fieldSelector, letters) => {
    expect(lettersOf(await list({ fieldSelector: fieldSelector() }))).toBe(letters);
  });

  it.each([
    ['spec.username=admin'],
    ['status.phase=x'],
    ['metadata.uid=x'],
    ['metadata.namespace=x'],
    ['nonsense'],
    ['metadata.name in (a)'],
  ])('%s is refused', async (fieldSelector) => {
    expect(outcomeOf(await list({ fieldSelector }))).toBe('400 BadRequest');
  });
});

describe('a list in pages', () => {
  it('goes on where it stopped', async () => {
    const first = await list({ limit: '3' });
    const second = await list({ limit: '3', continue: tokenOf(first) });
    expect([first, second].map(lettersOf)).toEqual(['abc', 'd']);
  });

  it('may go on with pages of another size', async () => {
    const first = await list({ limit: '1' });
    expect(lettersOf(await list({ limit: '2', continue: tokenOf(first) }))).toBe('bc');
  });

  it('stays in the state of its first page', async () => {
    const selector = world.newName();
    const make = (): Promise<Json> =>
      world.createCsr({}, { labels: { ...world.labels, x: 'page', page: selector } });
    await make();
    await make();
    const query = { labelSelector: `page=${selector}`, limit: '1' };
    const first = await listAll(query);
    await make();
    const rest = await listAll({ ...query, limit: '9', continue: tokenOf(first) });
    expect(rest.json['items']).toHaveLength(1);
    expect(versionOf(rest.json)).toBe(versionOf(first.json));
  });

  it('tells how many remain where nothing is selected', async () => {
    const { json } = await listAll({ limit: '1' });
    expect(json['metadata']).toMatchObject({
      remainingItemCount: expect.any(Number),
      continue: expect.any(String),
    });
  });

  it.each(['-1', '0'])('is whole with a limit of %s', async (limit) => {
    expect(lettersOf(await list({ limit, labelSelector: 'x!=page' }))).toBe('abcd');
  });

  it('is whole where any state will do', async () => {
    const query = { limit: '1', resourceVersion: '0', labelSelector: 'x!=page' };
    expect(lettersOf(await list(query))).toBe('abcd');
  });

  it.each<[string, Query, string]>([
    ['with a limit that is no number', { limit: 'x' }, '400 BadRequest'],
    ['with a token that is none', { continue: 'abc' }, '400 BadRequest'],
    ['with a token and a version', { continue: '', resourceVersion: '5' }, '400 BadRequest'],
    [
      'with a token and a match',
      { continue: '', resourceVersion: '5', resourceVersionMatch: 'Exact' },
      '422 Invalid resourceVersionMatch=Forbidden',
    ],
  ])('is refused %s', async (_, query, outcome) => {
    const real = tokenOf(await list({ limit: '1' }));
    const given = query['continue'] === '' ? { continue: real } : {};
    expect(outcomeOf(await list({ limit: '1', ...query, ...given }))).toBe(outcome);
  });

  it('ends with 410 where its state is gone [needs the store]', async () => {
    const token = tokenOf(await list({ limit: '1' }));
    await world.createCsr();
    await world.server.compact?.();
    const answer = await list({ limit: '1', continue: withVersion(token, 2) });
    expect(outcomeOf(answer)).toBe('410 Expired');
    // With this one the rest can be had all the same, as it is now.
    const rest = await list({ limit: '9', continue: tokenOf(answer) });
    expect(lettersOf(rest)).toMatch(/^bc.*d/);
  });
});

describe('a list at a version', () => {
  it('shows that state where it is to be exact', async () => {
    const labels = { ...world.labels, x: 'page', exact: world.newName() };
    const first = await world.createCsr({}, { labels });
    await world.createCsr({}, { labels });
    const { json } = await listAll({
      labelSelector: `exact=${labels.exact}`,
      resourceVersion: versionOf(first),
      resourceVersionMatch: 'Exact',
    });
    expect((json['items'] as readonly Json[]).map(nameOf)).toEqual([nameOf(first)]);
    expect(versionOf(json)).toBe(versionOf(first));
  });

  it('shows at least that state otherwise', async () => {
    const resourceVersion = versionOf(named['a'] ?? {});
    const { json } = await list({ resourceVersion });
    expect(Number(versionOf(json))).toBeGreaterThanOrEqual(Number(resourceVersion));
  });

  it.each<[string, Query, string]>([
    ['no number', { resourceVersion: 'abc' }, '400 BadRequest'],
    ['negative', { resourceVersion: '-1' }, '400 BadRequest'],
    [
      'to match and missing',
      { resourceVersionMatch: 'Exact' },
      '422 Invalid resourceVersionMatch=Forbidden',
    ],
    [
      'to match in an unknown way',
      { resourceVersion: '1', resourceVersionMatch: 'Foo' },
      '422 Invalid resourceVersionMatch=NotSupported',
    ],
    [
      'exactly 0',
      { resourceVersion: '0', resourceVersionMatch: 'Exact' },
      '422 Invalid resourceVersionMatch=Forbidden',
    ],
  ])('is refused where it is %s', async (_, query, outcome) => {
    expect(outcomeOf(await list(query))).toBe(outcome);
  });

  it('is refused with a time to come back where it is of the future', async () => {
    const answer = await list({ resourceVersion: '999999999' });
    expect(outcomeOf(answer)).toBe('504 Timeout ResourceVersionTooLarge');
    expect(subjectOf(answer)).toEqual({ retryAfterSeconds: 1 });
  });

  it('is refused where initial events are asked for without a watch', async () => {
    const query = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' };
    expect(outcomeOf(await list(query))).toBe(
      '422 Invalid resourceVersionMatch=Forbidden sendInitialEvents=Forbidden',
    );
  });
});

describe('a read at a version', () => {
  function read(resourceVersion: string): Promise<RawAnswer> {
    const path = `${csrsPath}/${world.namespace}-a`;
    return world.admin.send({ path, query: { resourceVersion } });
  }

  it.each([
    ['0', '200'],
    ['abc', '500'],
    ['999999999', '504 Timeout ResourceVersionTooLarge'],
  ])('of %s: %s', async (version, outcome) => {
    expect(outcomeOf(await read(version))).toBe(outcome);
  });
});
