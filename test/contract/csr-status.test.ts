import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority } from '../support/test-authority.ts';
import { ContractWorld, csrsPath, metadataOf, nameOf } from './support/contract-world.ts';
import { outcomeOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;
let certificatePem: string;

beforeAll(async () => {
  world = await ContractWorld.open();
  ({ certificatePem } = await TestAuthority.make('contract', Date.now()));
});

afterAll(() => world[Symbol.asyncDispose]());

const approved = { type: 'Approved', status: 'True', reason: 'Test', message: 'by a test' };
const denied = { ...approved, type: 'Denied' };
const failed = { ...approved, type: 'Failed' };

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

async function put(status: Json): Promise<RawAnswer> {
  return world.putCsr(await world.createCsr(), 'status', status);
}

async function approvedCsr(): Promise<Json> {
  const csr = await world.createCsr();
  return (await world.putCsr(csr, 'approval', { conditions: [approved] })).json;
}

function conditionsOf(object: Json): readonly Json[] {
  return ((object['status'] as Json)['conditions'] ?? []) as readonly Json[];
}

type Change = (pem: string) => string;

describe('status.certificate', () => {
  it('needs no approval first', async () => {
    const certificate = base64(certificatePem);
    const answer = await put({ certificate });
    expect(answer.json['status']).toEqual({ certificate });
  });

  it.each<[string, Change]>([
    ['has two blocks', (pem) => pem + pem],
    ['has text around', (pem) => `before\n${pem}after\n`],
  ])('is taken where it %s', async (_, change) => {
    const certificate = base64(change(certificatePem));
    expect((await put({ certificate })).json['status']).toEqual({ certificate });
  });

  it.each<[string, Change]>([
    ['is no PEM', () => 'hello'],
    ['is of another type', (pem) => pem.replaceAll('CERTIFICATE', 'PUBLIC KEY')],
    ['has a second block of another type', (pem) => pem + world.requestPem],
    ['has PEM headers', (pem) => pem.replace('-----\n', '-----\nA: b\n\n')],
    ['is no certificate', (pem) => pem.replace(/-\n[^-]+-/, '-\nMAMCAQE=\n-')],
    ['is broken inside the block', (pem) => pem.replace(/-\n[^-]+-/, '-\n%%%\n-')],
  ])('is invalid where it %s', async (_, change) => {
    const answer = await put({ certificate: base64(change(certificatePem)) });
    expect(outcomeOf(answer)).toBe('422 Invalid status.certificate=Invalid');
  });

  it.each<[string, unknown]>([
    ['no base64', '%%'],
    ['a number', 4],
  ])('is refused where it is %s', async (_, certificate) => {
    expect(outcomeOf(await put({ certificate }))).toBe('400 BadRequest');
  });

  it.each<[string, unknown]>([
    ['empty', ''],
    ['null', null],
  ])('is as good as absent where it is %s', async (_, certificate) => {
    expect((await put({ certificate })).json['status']).toEqual({});
  });

  it.each<[string, Change | undefined]>([
    ['changed', (pem) => pem + pem],
    ['taken away', undefined],
  ])('cannot be %s', async (_, change) => {
    const { json: signed } = await put({ certificate: base64(certificatePem) });
    const status = change === undefined ? {} : { certificate: base64(change(certificatePem)) };
    const answer = await world.putCsr(signed, 'status', status);
    expect(outcomeOf(answer)).toBe('422 Invalid status.certificate=Forbidden');
  });

  it('can be set beside a failure', async () => {
    const certificate = base64(certificatePem);
    const answer = await put({ certificate, conditions: [failed] });
    expect(answer.json['status']).toMatchObject({ certificate, conditions: [failed] });
  });

  it('goes with a conflict where the state is old', async () => {
    const csr = await world.createCsr();
    await world.putCsr(csr, 'approval', { conditions: [approved] });
    const answer = await world.putCsr(csr, 'status', { certificate: base64(certificatePem) });
    expect(outcomeOf(answer)).toBe('409 Conflict');
  });
});

describe('conditions through /status', () => {
  it.each([
    ['Failed', failed],
    ['another type', { type: 'Ready', status: 'False' }],
  ])('may be %s', async (_, condition) => {
    expect(conditionsOf((await put({ conditions: [condition] })).json)).toMatchObject([condition]);
  });

  it.each([
    ['Approved', approved],
    ['Denied', denied],
  ])('cannot be %s', async (_, condition) => {
    const answer = await put({ conditions: [condition] });
    expect(outcomeOf(answer)).toBe('422 Invalid status.conditions=Forbidden');
  });

  it('cannot be a failure that is not so', async () => {
    const answer = await put({ conditions: [{ ...failed, status: 'False' }] });
    expect(outcomeOf(answer)).toBe('422 Invalid status.conditions[0].status=NotSupported');
  });

  it('cannot take back an approval', async () => {
    const answer = await world.putCsr(await approvedCsr(), 'status', { conditions: [failed] });
    expect(outcomeOf(answer)).toBe('422 Invalid status.conditions=Forbidden');
  });

  it('leave an approval as it was', async () => {
    const changed = [{ ...approved, reason: 'Changed' }, failed];
    const answer = await world.putCsr(await approvedCsr(), 'status', { conditions: changed });
    expect(conditionsOf(answer.json)).toMatchObject([{ reason: 'Test' }, { type: 'Failed' }]);
  });
});

describe('/status', () => {
  it('changes labels', async () => {
    const csr = await world.createCsr();
    const metadata = { ...metadataOf(csr), labels: { new: 'l' }, annotations: { new: 'a' } };
    const answer = await world.putCsr({ ...csr, metadata }, 'status', {});
    expect(metadataOf(answer.json)['labels']).toEqual({ new: 'l' });
  });

  it('keeps the spec', async () => {
    const csr = await world.createCsr();
    const spec = { ...(csr['spec'] as Json), signerName: 'x.y/z' };
    const answer = await world.putCsr({ ...csr, spec }, 'status', {});
    expect(answer.json['spec']).toEqual(csr['spec']);
  });

  it('can be read', async () => {
    const csr = await world.createCsr();
    const answer = await world.admin.send({ path: `${csrsPath}/${nameOf(csr)}/status` });
    expect(answer.json).toEqual(csr);
  });

  it('is not all that there is: other parts are not found', async () => {
    const csr = await world.createCsr();
    const answer = await world.admin.send({ path: `${csrsPath}/${nameOf(csr)}/nothing` });
    expect(outcomeOf(answer)).toBe('404 NotFound');
  });
});
