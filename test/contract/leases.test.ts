import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ContractWorld, nameOf, versionOf } from './support/contract-world.ts';
import { outcomeOf, subjectOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;
let lease: Json;

const groupVersion = 'coordination.k8s.io/v1';
const times = {
  acquireTime: '2026-01-01T00:00:00.123456Z',
  renewTime: '2026-01-01T00:00:01.000000Z',
};
const spec = { holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0, ...times };

beforeAll(async () => {
  world = await ContractWorld.open();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  const metadata = { name: world.newName('lease') };
  lease = await world.create(world.pathOf('leases', groupVersion), { metadata, spec });
});

function put(holderIdentity: string, of = lease): Promise<RawAnswer> {
  const path = `${world.pathOf('leases', groupVersion)}/${nameOf(of)}`;
  const body = { ...of, spec: { ...spec, holderIdentity } };
  return world.admin.send({ method: 'PUT', path, body });
}

describe('a Lease', () => {
  it('keeps its times to the microsecond', () => {
    expect(lease).toMatchObject({ kind: 'Lease', apiVersion: groupVersion, spec });
  });

  it('goes to the first of two who want it', async () => {
    const outcomes = [await put('two'), await put('three')].map(outcomeOf);
    expect(outcomes).toEqual(['200', '409 Conflict']);
  });

  it('goes to one of two who want it at the same time', async () => {
    const outcomes = (await Promise.all([put('two'), put('three')])).map(outcomeOf);
    expect(outcomes.toSorted()).toEqual(['200', '409 Conflict']);
  });

  it('names itself in the conflict', async () => {
    await put('two');
    expect(subjectOf(await put('three'))).toEqual({
      group: 'coordination.k8s.io',
      kind: 'leases',
      name: nameOf(lease),
    });
  });

  it('can be renewed with the version of the last answer', async () => {
    const renewed = await put('two');
    expect(outcomeOf(await put('two', { ...renewed.json, spec: {} }))).toBe('200');
  });

  it('needs its version to be updated', async () => {
    const answer = await put('two', { ...lease, metadata: { name: nameOf(lease) } });
    expect(outcomeOf(answer)).toBe('422 Invalid metadata.resourceVersion=Invalid');
  });

  it('can be created once', async () => {
    const path = world.pathOf('leases', groupVersion);
    const body = { metadata: { name: nameOf(lease) }, spec };
    expect(outcomeOf(await world.admin.send({ method: 'POST', path, body }))).toBe(
      '409 AlreadyExists',
    );
  });

  it('is created by an update where it is not there', async () => {
    const name = world.newName('lease');
    const path = `${world.pathOf('leases', groupVersion)}/${name}`;
    const body = { metadata: { name }, spec };
    expect(outcomeOf(await world.admin.send({ method: 'PUT', path, body }))).toBe('201');
  });

  it.each<[string, Json, string]>([
    [
      'a duration of 0',
      { leaseDurationSeconds: 0 },
      '422 Invalid spec.leaseDurationSeconds=Invalid',
    ],
    ['a time that is none', { renewTime: 'now' }, '400 BadRequest'],
    ['transitions below 0', { leaseTransitions: -1 }, '422 Invalid spec.leaseTransitions=Invalid'],
  ])('with %s is refused', async (_, change, outcome) => {
    const path = world.pathOf('leases', groupVersion);
    const body = { metadata: { name: world.newName('lease') }, spec: { ...spec, ...change } };
    expect(outcomeOf(await world.admin.send({ method: 'POST', path, body }))).toBe(outcome);
  });

  it('is told in a watch as it goes from hand to hand', async () => {
    const fieldSelector = `metadata.name=${nameOf(lease)}`;
    const query = { fieldSelector, resourceVersion: versionOf(lease) };
    using events = await world.admin.watch(world.pathOf('leases', groupVersion), query);
    await put('two');
    await expect(events.nextChange()).resolves.toMatchObject({
      type: 'MODIFIED',
      object: { spec: { holderIdentity: 'two' } },
    });
  });
});
