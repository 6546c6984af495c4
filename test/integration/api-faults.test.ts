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

describe('the Kubernetes API', () => {
  it.each<[string, FaultOptions, ApiFault]>([
    ['F6: create fails with 500', create, { kind: 'status', status: 500 }],
    ['F6: create is throttled', create, { kind: 'status', status: 429 }],
    ['F8: create works and its answer is lost', create, { kind: 'lost', when: 'after' }],
    ['F8: create is lost', create, { kind: 'lost' }],
    ['F12: the approval conflicts', approve, { kind: 'status', status: 409 }],
    ['F14: the approval works and its answer is lost', approve, { kind: 'lost', when: 'after' }],
    ['F14: the approval fails with 503', approve, { kind: 'status', status: 503 }],
    ['F42: the removal fails with 500', remove, { kind: 'status', status: 500 }],
    ['F42: the removal is lost', remove, { kind: 'lost' }],
  ])('costs no certificate when %s once', async (_what, options, fault) => {
    mesh.sandbox.faults.api.set(fault, { ...options, count: 1 });
    await expect(mesh.request()).resolves.toHaveLength(3);
  });
});

describe('a right that was taken away', () => {
  it.each<[string, FaultOptions, string]>([
    ['F10: to create', create, 'create_forbidden'],
    ['F15: to approve', approve, 'approve_forbidden'],
  ])(
    '%s is told apart from an API server in trouble, and works when it is back',
    async (...row) => {
      const [, options, reason] = row;
      const fresh = await RunningMesh.start();
      try {
        const fault = fresh.sandbox.faults.api.set({ kind: 'status', status: 403 }, options);
        await expect(fresh.statusOf()).resolves.toBe('UNAVAILABLE');
        expect(refusalReasons(fresh)).toEqual([reason]);
        fault.clear();
        await expect(fresh.request()).resolves.toHaveLength(3);
      } finally {
        await fresh[Symbol.asyncDispose]();
      }
    },
  );
});

function refusalReasons({ log }: RunningMesh): readonly unknown[] {
  return log.lines
    .filter(({ message }) => message === 'certificate refused')
    .map(({ fields }) => fields['reason']);
}

describe('F60: the same bytes sent twice', () => {
  it('at once make one object, one certificate and two decisions', async () => {
    const issuedBefore = mesh.sandbox.issued().length;
    const [first, second] = await Promise.all([mesh.request(), mesh.request()]);
    expect(second).toEqual(first);
    expect(mesh.sandbox.issued().length - issuedBefore).toBe(1);
  });

  it('after a deadline get what was signed meanwhile', async () => {
    const key = { certSigner: '' };
    mesh.sandbox.faults.signer.set({ kind: 'delay', ms: 1_000 }, { count: 1 });
    const issuedBefore = mesh.sandbox.issued().length;
    await expect(mesh.statusOf({ ...key, deadlineMs: 600 })).resolves.toBe('DEADLINE_EXCEEDED');
    await expect(mesh.request(key)).resolves.toHaveLength(3);
    expect(mesh.sandbox.issued().length - issuedBefore).toBe(1);
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
  ])('F17, F18, F20, F21, F22: costs no certificate when it suffers %j', async (fault) => {
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
