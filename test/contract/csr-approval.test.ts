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

const approved = { type: 'Approved', status: 'True', reason: 'Test', message: 'by a test' };
const denied = { ...approved, type: 'Denied' };
const failed = { ...approved, type: 'Failed' };
const other = { type: 'Other', status: 'Unknown' };
const second = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function approve(conditions: unknown, of = csr): Promise<RawAnswer> {
  return world.putCsr(of, 'approval', { conditions });
}

function patch(type: string, conditions: readonly Json[]): Promise<RawAnswer> {
  const { apiVersion, kind } = csr;
  const isApplied = type === 'apply-patch+yaml';
  return world.admin.send({
    method: 'PATCH',
    path: `${csrsPath}/${nameOf(csr)}/approval`,
    query: isApplied ? { fieldManager: 'contract' } : {},
    body: { ...(isApplied ? { apiVersion, kind } : {}), status: { conditions } },
    contentType: `application/${type}`,
  });
}

function conditionsOf({ json }: RawAnswer): readonly Json[] {
  return ((json['status'] as Json)['conditions'] ?? []) as readonly Json[];
}

function typesOf(answer: RawAnswer): readonly unknown[] {
  return conditionsOf(answer).map(({ type }) => type);
}

describe('an approval', () => {
  it('is answered with the whole object and dated by the server', async () => {
    const answer = await approve([approved]);
    expect(outcomeOf(answer)).toBe('200');
    expect(conditionsOf(answer)).toEqual([
      {
        ...approved,
        lastUpdateTime: expect.stringMatching(second),
        lastTransitionTime: expect.stringMatching(second),
      },
    ]);
    expect(answer.json['spec']).toEqual(csr['spec']);
    expect(Number(versionOf(answer.json))).toBeGreaterThan(Number(versionOf(csr)));
  });

  it('keeps the times that it comes with', async () => {
    const times = {
      lastUpdateTime: '2001-01-01T00:00:00Z',
      lastTransitionTime: '2002-01-01T00:00:00Z',
    };
    const [condition] = conditionsOf(await approve([{ ...approved, ...times }]));
    expect(condition).toMatchObject(times);
  });

  it('loses fields that a condition does not have', async () => {
    const [condition] = conditionsOf(await approve([{ ...approved, wings: 2 }]));
    expect(condition).not.toHaveProperty('wings');
  });

  it.each<[string, readonly Json[]]>([
    ['nothing', []],
    ['a denial', [denied]],
    ['a failure', [failed]],
    ['an approval and a failure', [approved, failed]],
    ['a condition of another type that is not true', [other]],
  ])('may say %s', async (_, conditions) => {
    const answer = await approve(conditions);
    expect(outcomeOf(answer)).toBe('200');
    expect(typesOf(answer)).toEqual(conditions.map(({ type }) => type));
  });

  const field = 'status.conditions';
  it.each<[string, readonly Json[], string]>([
    ['approves and denies', [approved, denied], `${field}=Invalid`],
    ['denies and approves', [denied, approved], `${field}=Invalid`],
    ['approves twice', [approved, approved], `${field}[1].type=Duplicate`],
    ['has another type twice', [other, other], `${field}[1].type=Duplicate`],
    ['has a condition without a type', [{ status: 'True' }], `${field}[0].type=Required`],
    ['has a condition without a status', [{ type: 'Approved' }], `${field}[0].status=Required`],
    ['is False', [{ ...approved, status: 'False' }], `${field}[0].status=NotSupported`],
    ['is Unknown', [{ ...approved, status: 'Unknown' }], `${field}[0].status=NotSupported`],
    [
      'has a failure that is False',
      [{ ...failed, status: 'False' }],
      `${field}[0].status=NotSupported`,
    ],
    ['has a status in other words', [{ ...other, status: 'x' }], `${field}[0].status=NotSupported`],
  ])('is invalid where it %s', async (_, conditions, cause) => {
    expect(outcomeOf(await approve(conditions))).toBe(`422 Invalid ${cause}`);
  });

  it.each<[string, unknown]>([
    ['a time that is none', [{ ...approved, lastUpdateTime: 'yesterday' }]],
    ['a type that is a number', [{ ...approved, type: 5 }]],
    ['conditions that are a text', 'x'],
  ])('is refused with %s', async (_, conditions) => {
    expect(outcomeOf(await approve(conditions))).toBe('400 BadRequest');
  });

  it('changes labels and not the spec', async () => {
    const metadata = { ...metadataOf(csr), labels: { new: 'l' }, annotations: { new: 'a' } };
    const spec = { ...(csr['spec'] as Json), signerName: 'x.y/z' };
    const answer = await approve([approved], { ...csr, metadata, spec });
    expect(outcomeOf(answer)).toBe('200');
    expect(answer.json['spec']).toEqual(csr['spec']);
    expect(metadataOf(answer.json)).toMatchObject({ labels: { new: 'l' } });
  });

  it('does not bring a certificate', async () => {
    const status = { conditions: [approved], certificate: 'eA==' };
    const answer = await world.putCsr(csr, 'approval', status);
    expect(answer.json['status']).not.toHaveProperty('certificate');
  });

  it('of an old state is a conflict about the object', async () => {
    await approve([approved]);
    const again = await approve([approved]);
    expect(outcomeOf(again)).toBe('409 Conflict');
    expect(subjectOf(again)).toMatchObject({ name: nameOf(csr) });
  });

  it('without a resourceVersion is taken', async () => {
    const answer = await approve([approved], { ...csr, metadata: { name: nameOf(csr) } });
    expect(outcomeOf(answer)).toBe('200');
  });

  it('of an absent object is refused', async () => {
    const answer = await approve([approved], { ...csr, metadata: { name: world.newName() } });
    expect(outcomeOf(answer)).toBe('404 NotFound');
  });

  it.each(['merge-patch+json', 'apply-patch+yaml'])('may come as %s', async (type) => {
    expect(typesOf(await patch(type, [approved]))).toEqual(['Approved']);
  });

  it('that is applied keeps the conditions of others', async () => {
    await patch('merge-patch+json', [approved]);
    const answer = await patch('apply-patch+yaml', [other]);
    expect(typesOf(answer)).toEqual(['Approved', 'Other']);
  });

  it('by strategic merge replaces all conditions, which is refused', async () => {
    await patch('merge-patch+json', [approved]);
    const answer = await patch('strategic-merge-patch+json', [other]);
    expect(outcomeOf(answer)).toBe('422 Invalid status.conditions=Forbidden');
  });

  it('can be read', async () => {
    const answer = await world.admin.send({ path: `${csrsPath}/${nameOf(csr)}/approval` });
    expect(answer.json).toEqual(csr);
  });

  it.each(['POST', 'DELETE'] as const)('is not taken by %s', async (method) => {
    const path = `${csrsPath}/${nameOf(csr)}/approval`;
    expect(outcomeOf(await world.admin.send({ method, path, body: csr }))).toBe(
      '405 MethodNotAllowed',
    );
  });
});

describe('what was approved', () => {
  let first: RawAnswer;

  beforeEach(async () => {
    first = await approve([approved]);
  });

  it('stays as it is where the same comes again', async () => {
    const again = await approve(conditionsOf(first), first.json);
    expect(again.json).toEqual(first.json);
  });

  it('can be given another reason', async () => {
    const changed = [{ ...conditionsOf(first)[0], reason: 'Other' }];
    const again = await approve(changed, first.json);
    expect(conditionsOf(again)).toMatchObject([{ reason: 'Other' }]);
  });

  it('can still fail', async () => {
    const again = await approve([...conditionsOf(first), failed], first.json);
    expect(typesOf(again)).toEqual(['Approved', 'Failed']);
  });

  it.each<[string, readonly Json[], string]>([
    ['cannot be taken back', [], 'status.conditions=Forbidden'],
    ['cannot be denied', [approved, denied], 'status.conditions=Invalid'],
    ['cannot become a denial', [denied], 'status.conditions=Forbidden'],
  ])('%s', async (_, conditions, cause) => {
    expect(outcomeOf(await approve(conditions, first.json))).toBe(`422 Invalid ${cause}`);
  });

  it('cannot stop having failed', async () => {
    const both = await approve([...conditionsOf(first), failed], first.json);
    const answer = await approve(conditionsOf(first), both.json);
    expect(outcomeOf(answer)).toBe('422 Invalid status.conditions=Forbidden');
  });

  it('can lose a condition of another type', async () => {
    const both = await approve([...conditionsOf(first), other], first.json);
    expect(typesOf(await approve(conditionsOf(first), both.json))).toEqual(['Approved']);
  });
});
