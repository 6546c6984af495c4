import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../../src/base/ra-error.ts';
import { apiError } from '../../../support/fake-signing-requests.ts';
import { name, SignerBench } from '../signer-bench.ts';

describe('the approval', () => {
  it('F12: reads and tries again when the object changed before the approval', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('approve', { kind: 'fails', error: apiError(409, 'Conflict') });
    const { result } = await bench.sign();
    bench.requests.touch(name);
    await bench.clock.advance(1_000);
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    await expect(result).resolves.toBe('PEM');
    expect(bench.requests.calls).toEqual(['create', 'approve', 'read', 'approve', 'remove']);
  });

  it('F12: is left to whoever was faster, and so is not given twice', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('approve', { kind: 'fails', error: apiError(409, 'Conflict') });
    const { result } = await bench.sign();
    bench.requests.addCondition(name, { type: 'Approved', status: 'True', reason: 'Theirs' });
    await bench.clock.advance(1_000);
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    await expect(result).resolves.toBe('PEM');
    expect(bench.requests.calls).toEqual(['create', 'approve', 'read', 'remove']);
  });

  it('F12: comes too late for a signer that needs none, whose certificate counts', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('approve', { kind: 'fails', error: apiError(409, 'Conflict') });
    const { result } = await bench.sign();
    bench.requests.setCertificate(name, 'EARLY');
    await bench.clock.advance(1_000);
    await expect(result).resolves.toBe('EARLY');
  });

  it('F14: does not approve twice when the answer to the approval was lost', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('approve', { kind: 'answer_lost' });
    const { result } = await bench.sign();
    await bench.clock.advance(1_000);
    expect(bench.requests.objects.get(name)?.conditions).toHaveLength(1);
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    await expect(result).resolves.toBe('PEM');
    expect(bench.requests.calls.filter((call) => call === 'approve')).toHaveLength(1);
  });

  it('F12: sees a denial by somebody else that came before its approval', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('approve', { kind: 'fails', error: apiError(409, 'Conflict') });
    const { result } = await bench.sign();
    bench.requests.addCondition(name, { type: 'Denied', status: 'True', reason: 'No' });
    await bench.clock.advance(1_000);
    await expect(result).rejects.toMatchObject({ code: 'SIGNING_DENIED' });
  });

  it('F15: says at once that the right to approve is missing, and works as soon as it is there', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('approve', { kind: 'fails', error: apiError(403, 'Forbidden') });
    const { result } = await bench.sign();
    await expect(result).rejects.toMatchObject({
      code: 'KUBERNETES_FORBIDDEN',
      reason: 'approve_forbidden',
    });
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
    expect(bench.log.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        fields: { right: 'approve signers.certificates.k8s.io/clusterissuers.cert-manager.io/foo' },
      }),
    );
    const retry = await bench.call();
    bench.issue();
    await expect(retry.result).resolves.toBe('PEM');
  });

  it('waits for an API server that has forgotten a right for a moment', async () => {
    const bench = await SignerBench.make();
    const first = await bench.sign();
    bench.issue();
    await first.result;
    await bench.deletions.drained();
    bench.requests.disturb('approve', { kind: 'fails', error: apiError(403, 'Forbidden') });
    const second = await bench.call();
    await bench.clock.advance(1_000);
    bench.issue();
    await expect(second.result).resolves.toBe('PEM');
  });

  it('F13: makes a second object when the first vanishes before the approval, and no third', async () => {
    const bench = await SignerBench.make();
    const vanished = { kind: 'fails', error: apiError(404, 'NotFound') } as const;
    bench.requests.disturb('approve', vanished, vanished);
    const { result } = await bench.sign();
    await expect(result).rejects.toMatchObject({ code: 'SIGNING_INTERRUPTED' });
    expect(bench.requests.calls.filter((call) => call === 'create')).toHaveLength(2);
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
  });

  it('waits for another approver and holds no right to approve with external approval', async () => {
    const bench = await SignerBench.make({ approval: 'external' });
    const { result } = await bench.sign();
    bench.requests.addCondition(name, { type: 'Approved', status: 'True' });
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    await expect(result).resolves.toBe('PEM');
    expect(bench.requests.calls).not.toContain('approve');
  });

  it('writes its intent after the create and before the approval', async () => {
    const bench = await SignerBench.make();
    await bench.sign();
    expect(bench.intendedAfter).toEqual(['create']);
    expect(bench.requests.calls).toEqual(['create', 'approve']);
  });

  it('writes its intent before the create where somebody else approves', async () => {
    const bench = await SignerBench.make({ approval: 'external' });
    await bench.sign();
    expect(bench.intendedAfter).toEqual([]);
    expect(bench.requests.calls).toEqual(['create']);
  });

  it('F64: approves nothing when its intent cannot be written', async () => {
    const bench = await SignerBench.make();
    bench.intentError = new RaError('NOT_READY', 'the disk is full', { reason: 'audit_stuck' });
    const { result } = await bench.sign();
    await expect(result).rejects.toMatchObject({ code: 'NOT_READY' });
    await bench.deletions.drained();
    expect(bench.requests.calls).toEqual(['create', 'remove']);
  });
});
