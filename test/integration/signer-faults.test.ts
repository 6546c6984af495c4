import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SignerFault } from '../../src/sandbox/faults.ts';
import { eventually, RunningMesh } from '../support/running-mesh.ts';

let mesh: RunningMesh;

beforeAll(async () => {
  mesh = await RunningMesh.start({ env: { REQUEST_BUDGET: '5s' } });
});

afterEach(async () => {
  mesh.sandbox.faults.clear();
  await eventually(() => mesh.requestObjects().length === 0);
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

function lastReason(): unknown {
  return mesh.log.lines.findLast(({ message }) => message === 'certificate refused')?.fields[
    'reason'
  ];
}

describe('a signer', () => {
  it.each<[SignerFault['kind'], string, string]>([
    ['deny', 'PERMISSION_DENIED', 'denied'],
    ['fail', 'INTERNAL', 'failed'],
    ['wrong-key', 'INTERNAL', 'public_key_mismatch'],
    ['wrong-san', 'INTERNAL', 'san_mismatch'],
    ['extra-san', 'INTERNAL', 'san_mismatch'],
    ['no-san', 'INTERNAL', 'san_mismatch'],
    ['subject-common-name', 'INTERNAL', 'subject_mismatch'],
    ['ca-true', 'INTERNAL', 'is_ca'],
    ['cert-sign-usage', 'INTERNAL', 'key_usage'],
    ['no-eku', 'INTERNAL', 'extended_key_usage'],
    ['extra-eku', 'INTERNAL', 'extended_key_usage'],
    ['expired', 'INTERNAL', 'expired'],
    ['not-yet-valid', 'INTERNAL', 'not_yet_valid'],
    ['longer-lifetime', 'INTERNAL', 'lifetime_too_long'],
    ['wrong-root', 'INTERNAL', 'chain_no_path'],
    ['leaf-only', 'INTERNAL', 'chain_no_path'],
    ['garbage-pem', 'INTERNAL', 'certificate_malformed'],
    ['not-pem', 'INTERNAL', 'certificate_malformed'],
    ['weak-signature', 'INTERNAL', 'chain_weak_signature'],
  ])('that does %s ends the call with %s (%s)', async (kind, status, reason) => {
    mesh.sandbox.faults.signer.set({ kind } as SignerFault, { count: 1 });
    await expect(mesh.statusOf()).resolves.toBe(status);
    expect(lastReason()).toBe(reason);
  });

  it.each<SignerFault['kind']>(['root-included', 'duplicate-chain', 'unordered-chain'])(
    'that sends its chain as %s is understood',
    async (kind) => {
      mesh.sandbox.faults.signer.set({ kind } as SignerFault, { count: 1 });
      await expect(mesh.request()).resolves.toHaveLength(3);
    },
  );

  it('that never acts costs the budget and no more', async () => {
    mesh.sandbox.faults.signer.set({ kind: 'never' }, { count: 1 });
    await expect(mesh.statusOf()).resolves.toBe('UNAVAILABLE');
  });

  it('that is slower than the client will wait ends with the deadline', async () => {
    mesh.sandbox.faults.signer.set({ kind: 'never' }, { count: 1 });
    await expect(mesh.statusOf({ deadlineMs: 800 })).resolves.toBe('DEADLINE_EXCEEDED');
  });

  it('is not waited for when the client has gone', async () => {
    mesh.sandbox.faults.signer.set({ kind: 'never' }, { count: 1 });
    const client = new AbortController();
    const answer = mesh.statusOf({ signal: client.signal });
    await eventually(() => mesh.requestObjects().length === 1);
    client.abort();
    await expect(answer).resolves.toBe('CANCELLED');
    await eventually(() => mesh.requestObjects().length === 0);
  });
});
