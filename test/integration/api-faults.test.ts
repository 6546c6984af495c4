import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiFault, FaultOptions, WatchFault } from '../../src/sandbox/faults.ts';
import { eventually, RunningMesh } from '../support/running-mesh.ts';

let mesh: RunningMesh;

beforeAll(async () => {
  mesh = await RunningMesh.start({ env: { REQUEST_BUDGET: '10s' } });
});

afterEach(async () => {
  mesh.sandbox.faults.clear();
  await eventually(() => mesh.requestObjects().length === 0);
  await eventually(() => mesh.sandbox.openWatches === 2);
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

const create = { verb: 'create', resource: 'certificatesigningrequests' };
const approve = { verb: 'update', resource: 'certificatesigningrequests', subresource: 'approval' };
const remove = { verb: 'delete', resource: 'certificatesigningrequests' };
const review = { verb: 'create', resource: 'tokenreviews' };

describe('the Kubernetes API', () => {
  it.each<[string, FaultOptions, ApiFault]>([
    ['create fails with 500', create, { kind: 'status', status: 500 }],
    ['create is throttled', create, { kind: 'status', status: 429 }],
    ['create works and its answer is lost', create, { kind: 'lost', when: 'after' }],
    ['create is lost', create, { kind: 'lost' }],
    ['the approval conflicts', approve, { kind: 'status', status: 409 }],
    ['the approval works and its answer is lost', approve, { kind: 'lost', when: 'after' }],
    ['the approval fails with 503', approve, { kind: 'status', status: 503 }],
    ['the removal fails with 500', remove, { kind: 'status', status: 500 }],
    ['the removal is lost', remove, { kind: 'lost' }],
  ])('costs no certificate when %s once', async (_what, options, fault) => {
    mesh.sandbox.faults.api.set(fault, { ...options, count: 1 });
    await expect(mesh.request()).resolves.toHaveLength(3);
  });

  it.each<[string, FaultOptions, number, string]>([
    ['create', create, 403, 'UNAVAILABLE'],
    ['create', create, 422, 'INTERNAL'],
    ['approve', approve, 403, 'UNAVAILABLE'],
    ['review', review, 403, 'UNAVAILABLE'],
    ['review', review, 500, 'UNAVAILABLE'],
  ])('ends the call when %s is answered with %#', async (_what, options, status, expected) => {
    mesh.sandbox.faults.api.set({ kind: 'status', status }, options);
    await expect(mesh.statusOf()).resolves.toBe(expected);
  });
});

describe('the shared watch', () => {
  it.each<WatchFault>([
    { kind: 'drop', at: 'next-event' },
    { kind: 'close', at: 'next-event' },
    { kind: 'expired', at: 'next-event' },
    { kind: 'error', at: 'next-event' },
    { kind: 'not-json', at: 'next-event' },
    { kind: 'truncated', at: 'next-event' },
    { kind: 'duplicate' },
    { kind: 'stale-replay' },
    { kind: 'only-bookmarks' },
    { kind: 'silent' },
  ])('costs no certificate when it suffers %j', async (fault) => {
    mesh.sandbox.faults.watch.set(fault, { count: 1, resource: 'certificatesigningrequests' });
    await expect(mesh.request()).resolves.toHaveLength(3);
    await expect(mesh.request()).resolves.toHaveLength(3);
  });

  it('comes back after the API server has dropped everybody', async () => {
    mesh.sandbox.dropConnections();
    mesh.sandbox.forgetHistory();
    await expect(mesh.request()).resolves.toHaveLength(3);
    await eventually(() => mesh.sandbox.openWatches === 2);
  });
});
