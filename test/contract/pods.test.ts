import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContractWorld, metadataOf, nameOf, versionOf } from './support/contract-world.ts';
import { outcomeOf } from './support/outcome.ts';
import type { Json, RawAnswer } from './support/raw-api.ts';

let world: ContractWorld;
let node: string;
let scheduled: Json;
let unscheduled: Json;

beforeAll(async () => {
  world = await ContractWorld.open();
  node = (await world.createNode()).name;
  await world.create(world.pathOf('serviceaccounts'), { metadata: { name: 'web' } });
  const labels = { app: 'web' };
  scheduled = await world.createPod({ name: 'on', serviceAccount: 'web', nodeName: node, labels });
  unscheduled = await world.createPod({ name: 'off', serviceAccount: 'web' });
});

afterAll(() => world[Symbol.asyncDispose]());

function pathOf(pod: Json, part = ''): string {
  return `${world.pathOf('pods')}/${nameOf(pod)}${part}`;
}

async function namesWith(query: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { json } = await world.admin.send({ path: world.pathOf('pods'), query });
  return (json['items'] as readonly Json[]).map(nameOf);
}

function patchStatus(pod: Json, status: Json): Promise<RawAnswer> {
  const contentType = 'application/merge-patch+json';
  const path = pathOf(pod, '/status');
  return world.admin.send({ method: 'PATCH', path, body: { status }, contentType });
}

describe('a Pod', () => {
  it('is pending under its account', () => {
    expect(scheduled).toMatchObject({
      kind: 'Pod',
      apiVersion: 'v1',
      spec: { serviceAccountName: 'web', nodeName: node },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
  });

  it('has no node until it is scheduled', () => {
    expect(unscheduled['spec']).not.toHaveProperty('nodeName');
  });

  it('loses the status that it comes with', async () => {
    const containers = [{ name: 'app', image: 'app' }];
    const pod = await world.create(world.pathOf('pods'), {
      metadata: { name: 'with-status' },
      spec: { containers },
      status: { phase: 'Running' },
    });
    expect(pod['status']).toMatchObject({ phase: 'Pending' });
  });

  it.each([
    ['no container', { containers: [] }, '422 Invalid spec.containers=Required'],
    ['no spec', {}, '422 Invalid spec.containers=Required'],
  ])('with %s is refused', async (_, spec, outcome) => {
    const body = { metadata: { name: world.newName('pod') }, spec };
    const answer = await world.admin.send({ method: 'POST', path: world.pathOf('pods'), body });
    expect(outcomeOf(answer)).toBe(outcome);
  });

  it('stays on its node and under its account', async () => {
    const spec = { ...(scheduled['spec'] as Json), nodeName: 'other', serviceAccountName: 'other' };
    const body = { ...scheduled, spec };
    const answer = await world.admin.send({ method: 'PUT', path: pathOf(scheduled), body });
    expect(outcomeOf(answer)).toBe('422 Invalid spec=Forbidden');
  });

  it('can be labelled', async () => {
    const body = { metadata: { labels: { late: 'yes' } } };
    const contentType = 'application/merge-patch+json';
    const answer = await world.admin.send({
      method: 'PATCH',
      path: pathOf(unscheduled),
      body,
      contentType,
    });
    expect(metadataOf(answer.json)['labels']).toMatchObject({ late: 'yes' });
  });

  it('changes its phase through /status, which keeps the spec', async () => {
    const pod = await world.createPod({ name: 'runs', serviceAccount: 'web' });
    const { json } = await patchStatus(pod, { phase: 'Running' });
    expect(json['status']).toMatchObject({ phase: 'Running' });
    expect(json['spec']).toEqual(pod['spec']);
  });

  it('does not change its phase otherwise', async () => {
    const pod = await world.createPod({ name: 'rests', serviceAccount: 'web' });
    const body = { ...pod, status: { phase: 'Running' } };
    const answer = await world.admin.send({ method: 'PUT', path: pathOf(pod), body });
    expect(answer.json['status']).toMatchObject({ phase: 'Pending' });
  });
});

describe('pods are selected', () => {
  it('by node', async () => {
    await expect(namesWith({ fieldSelector: `spec.nodeName=${node}` })).resolves.toEqual(['on']);
  });

  it('by having no node', async () => {
    const query = { fieldSelector: 'spec.nodeName=,metadata.name=off' };
    await expect(namesWith(query)).resolves.toEqual(['off']);
  });

  it('by phase', async () => {
    const pod = await world.createPod({ name: 'ends', serviceAccount: 'web' });
    await patchStatus(pod, { phase: 'Succeeded' });
    await expect(namesWith({ fieldSelector: 'status.phase=Succeeded' })).resolves.toEqual(['ends']);
  });

  it('by account and address', async () => {
    const query = { fieldSelector: 'spec.serviceAccountName=web,status.podIP=,metadata.name=on' };
    await expect(namesWith(query)).resolves.toEqual(['on']);
  });

  it('by label and node', async () => {
    const query = { fieldSelector: `spec.nodeName=${node}`, labelSelector: 'app!=web' };
    await expect(namesWith(query)).resolves.toEqual([]);
  });

  it('over all namespaces', async () => {
    const query = { fieldSelector: `spec.nodeName=${node}` };
    const { json } = await world.admin.send({ path: '/api/v1/pods', query });
    expect((json['items'] as readonly Json[]).map(nameOf)).toEqual(['on']);
  });

  it('but not by any field', async () => {
    const query = { fieldSelector: 'spec.hostname=x' };
    const answer = await world.admin.send({ path: world.pathOf('pods'), query });
    expect(outcomeOf(answer)).toBe('400 BadRequest');
  });
});

describe('a watch of a node’s pods', () => {
  it('tells of a pod as it changes phase and goes', async () => {
    const nodeName = (await world.createNode()).name;
    const pod = await world.createPod({ name: 'seen', serviceAccount: 'web', nodeName });
    const query = { fieldSelector: `spec.nodeName=${nodeName}`, resourceVersion: versionOf(pod) };
    using events = await world.admin.watch('/api/v1/pods', query);
    await patchStatus(pod, { phase: 'Running' });
    await world.admin.send({
      method: 'DELETE',
      path: pathOf(pod),
      body: { gracePeriodSeconds: 0 },
    });
    // The deletion time is written first, though it is now.
    await expect(events.changes(3)).resolves.toEqual([
      'MODIFIED seen',
      'MODIFIED seen',
      'DELETED seen',
    ]);
  });
});

describe('the deletion of a Pod', () => {
  it('without delay answers with the pod', async () => {
    const pod = await world.createPod({ name: 'goes', serviceAccount: 'web' });
    const body = { gracePeriodSeconds: 0 };
    const answer = await world.admin.send({ method: 'DELETE', path: pathOf(pod), body });
    expect(answer.json).toMatchObject({ kind: 'Pod', metadata: { uid: metadataOf(pod)['uid'] } });
    expect(outcomeOf(await world.admin.send({ path: pathOf(pod) }))).toBe('404 NotFound');
  });

  it('without delay also where it is on no node', async () => {
    const pod = await world.createPod({ name: 'goes-too', serviceAccount: 'web' });
    await world.admin.send({ method: 'DELETE', path: pathOf(pod) });
    expect(outcomeOf(await world.admin.send({ path: pathOf(pod) }))).toBe('404 NotFound');
  });

  it('from a node waits for the node, 30 seconds at most', async () => {
    const pod = await world.createPod({ name: 'lingers', serviceAccount: 'web', nodeName: node });
    const { json } = await world.admin.send({ method: 'DELETE', path: pathOf(pod) });
    expect(metadataOf(json)).toMatchObject({
      deletionTimestamp: expect.any(String),
      deletionGracePeriodSeconds: 30,
    });
    expect(outcomeOf(await world.admin.send({ path: pathOf(pod) }))).toBe('200');
  });
});
