import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SignerFault } from '../../src/sandbox/faults.ts';
import { expectWithinMs } from '../support/expect-measured.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

const resource = 'certificatesigningrequests';
let mesh: RunningMesh;

beforeAll(async () => {
  mesh = await RunningMesh.start({ env: { REQUEST_BUDGET: '5s' } });
});

afterEach(async () => {
  mesh.sandbox.faults.clear();
  // So that a signer which commits every fault there is keeps its good name meanwhile.
  for (let good = 0; good < 2; good += 1) await mesh.requestAs(httpbinFoo);
  // What is kept for a retry would be there for a minute.
  for (const { metadata } of mesh.sandbox.objects.list(resource)) {
    mesh.sandbox.objects.delete({ resource, namespace: undefined, name: metadata.name });
  }
  await eventually(() => mesh.requestObjects().length === 0);
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

async function lastOutcome(): Promise<unknown> {
  const trail = await readFile(join(mesh.directory, 'audit.jsonl'), 'utf8');
  return (JSON.parse(trail.trimEnd().split('\n').at(-1) ?? '{}') as { outcome?: string }).outcome;
}

function lastReason(): unknown {
  return mesh.log.lines.findLast(({ message }) => message === 'certificate refused')?.fields[
    'reason'
  ];
}

describe('a signer', () => {
  it.each<[string, SignerFault['kind'], string, string]>([
    ['F25', 'deny', 'PERMISSION_DENIED', 'denied'],
    ['F26', 'fail', 'INTERNAL', 'failed'],
    ['F31', 'wrong-key', 'INTERNAL', 'public_key_mismatch'],
    ['F32', 'wrong-san', 'INTERNAL', 'san_mismatch'],
    ['F32', 'extra-san', 'INTERNAL', 'san_mismatch'],
    ['F32', 'no-san', 'INTERNAL', 'san_mismatch'],
    ['F32', 'subject-common-name', 'INTERNAL', 'subject_mismatch'],
    ['F33', 'ca-true', 'INTERNAL', 'is_ca'],
    ['F33', 'cert-sign-usage', 'INTERNAL', 'key_usage'],
    ['F33', 'no-eku', 'INTERNAL', 'extended_key_usage'],
    ['F33', 'extra-eku', 'INTERNAL', 'extended_key_usage'],
    ['F30', 'expired', 'INTERNAL', 'expired'],
    ['F30', 'not-yet-valid', 'INTERNAL', 'not_yet_valid'],
    ['F30', 'longer-lifetime', 'INTERNAL', 'lifetime_too_long'],
    ['F37', 'wrong-root', 'INTERNAL', 'chain_no_path'],
    ['F35', 'leaf-only', 'INTERNAL', 'chain_no_path'],
    ['F29', 'garbage-pem', 'INTERNAL', 'certificate_malformed'],
    ['F29', 'not-pem', 'INTERNAL', 'certificate_malformed'],
    ['F39', 'weak-signature', 'INTERNAL', 'chain_weak_signature'],
  ])('%s: that does %s ends the call with %s (%s)', async (_row, kind, status, reason) => {
    // At once but for the holding back of what agents retry: istiod waits for a minute.
    await expectWithinMs(4_000, `a signer that does ${kind}`, async () => {
      mesh.sandbox.faults.signer.set({ kind } as SignerFault, { count: 1 });
      await expect(mesh.statusOf()).resolves.toBe(status);
      expect(lastReason()).toBe(reason);
    });
    await eventually(() => mesh.requestObjects().length === 0);
  });

  it.each<SignerFault['kind']>([
    'root-included',
    'foreign-root-included',
    'duplicate-chain',
    'unordered-chain',
  ])('F38: that sends its chain as %s is understood', async (kind) => {
    mesh.sandbox.faults.signer.set({ kind } as SignerFault, { count: 1 });
    await expect(mesh.request()).resolves.toHaveLength(3);
  });

  it('F27: that never acts costs the budget and no more', async () => {
    let kept = 0;
    await expectWithinMs(5_000 + 3_000, 'a signer that never acts', async () => {
      mesh.sandbox.faults.signer.set({ kind: 'never' }, { count: 1 });
      await expect(mesh.statusOf()).resolves.toBe('UNAVAILABLE');
      // Approved: it is kept for the agent that comes back.
      kept += 1;
      expect(mesh.requestObjects()).toHaveLength(kept);
    });
  }, 40_000);

  it('F58: that is slower than the client will wait ends with the deadline', async () => {
    await expectWithinMs(1_500, 'a deadline of 800 ms', async () => {
      mesh.sandbox.faults.signer.set({ kind: 'never' }, { count: 1 });
      await expect(mesh.statusOf({ deadlineMs: 800 })).resolves.toBe('DEADLINE_EXCEEDED');
    });
  });

  it('F57: is not waited for when the client has gone', async () => {
    mesh.sandbox.faults.signer.set({ kind: 'never' }, { count: 1 });
    const client = new AbortController();
    const answer = mesh.statusOf({ signal: client.signal });
    await eventually(() => mesh.requestObjects().length === 1);
    client.abort();
    await expect(answer).resolves.toBe('CANCELLED');
    await eventually(() => mesh.requestObjects().length === 0);
    expect(await lastOutcome()).toBe('abandoned');
  });
});
