import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';
import { settle } from '../../support/fake-clock.ts';
import { anOrder } from '../../support/orders.ts';
import { clientGone, name, SignerBench, timeIsUp } from './signer-bench.ts';

describe('F60: identical requests in flight', () => {
  it('share one object, and each has an intent of its own', async () => {
    const bench = await SignerBench.make();
    const first = await bench.call(bench.order);
    const second = await bench.call(bench.again('r2'));
    bench.issue();
    await expect(Promise.all([first.result, second.result])).resolves.toEqual(['PEM', 'PEM']);
    await bench.deletions.drained();
    expect(bench.requests.calls).toEqual(['create', 'approve', 'remove']);
    expect(bench.intents).toEqual(['r1', 'r2']);
    expect(bench.coalescer.joined).toBe(1);
  });

  it('note in the decision of each whose object it was', async () => {
    const bench = await SignerBench.make();
    const first = await bench.call(bench.order);
    const second = await bench.call(bench.again('r2'));
    expect(first.order.decision.facts).toMatchObject({ csrName: name });
    expect(first.order.decision.facts.sharedWith).toBeUndefined();
    expect(second.order.decision.facts).toMatchObject({ csrName: name, sharedWith: 'r1' });
    expect(second.order.decision.facts.csrUid).toBe(first.order.decision.facts.csrUid);
  });

  it.each([0, 1])('are not ended by the one of them that leaves (%d)', async (leaves) => {
    const bench = await SignerBench.make();
    const callers = [await bench.call(bench.order), await bench.call(bench.again('r2'))];
    callers[leaves]?.abort.abort(clientGone);
    await expect(callers[leaves]?.result).rejects.toBe(clientGone);
    bench.issue();
    await expect(callers[1 - leaves]?.result).resolves.toBe('PEM');
  });

  it('go on to the approval when the first left before it', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('create', { kind: 'hangs' });
    const first = await bench.call(bench.order);
    const second = await bench.call(bench.again('r2'));
    first.abort.abort(clientGone);
    await bench.clock.advance(7_000);
    expect(bench.intents).toEqual(['r2']);
    bench.issue();
    await expect(second.result).resolves.toBe('PEM');
  });

  it('get nothing whose own intent cannot be written', async () => {
    const bench = await SignerBench.make();
    const first = await bench.call(bench.order);
    const second = await bench.call(bench.again('r2'));
    bench.intentError = new RaError('NOT_READY', 'the disk is full', { reason: 'audit_stuck' });
    bench.issue();
    await expect(first.result).resolves.toBe('PEM');
    await expect(second.result).rejects.toMatchObject({ reason: 'audit_stuck' });
  });

  it('do not share with another lifetime or another key', async () => {
    const bench = await SignerBench.make();
    await bench.call(bench.order);
    await bench.call(bench.again('r2', { ttlSeconds: 7200 }));
    expect(bench.requests.objects.size).toBe(2);
  });

  it('never mix the proofs of two callers', async () => {
    const bench = await SignerBench.make();
    const { order: other } = await anOrder(bench.clock);
    const mixed = bench.again('r2', { granted: other.granted });
    const { result } = await bench.call(mixed);
    await expect(result).rejects.toMatchObject({ reason: 'proofs_mixed' });
  });

  it('are bounded in number', async () => {
    const bench = await SignerBench.make();
    const calls = Array.from({ length: 257 }, (_, at) =>
      bench.signer.sign(bench.again(`r${at}`), new AbortController().signal),
    );
    const last = calls.at(-1)?.catch((error: unknown) => error);
    await settle();
    await expect(last).resolves.toMatchObject({ reason: 'shared_issuance_full' });
  });

  it('each fail alike when the signer refuses', async () => {
    const bench = await SignerBench.make();
    const callers = [await bench.call(bench.order), await bench.call(bench.again('r2'))];
    bench.feed.put(bench.requests.addCondition(name, { type: 'Denied', status: 'True' }));
    for (const { result } of callers) {
      await expect(result).rejects.toMatchObject({ code: 'SIGNING_DENIED' });
    }
  });
});

describe('F57: a client that cancels', () => {
  it('has its object removed at once when it was not approved', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('create', { kind: 'answer_lost' }, { kind: 'hangs' });
    const { result } = await bench.sign();
    await bench.clock.advance(1_000);
    bench.client.abort(clientGone);
    await expect(result).rejects.toBe(clientGone);
    await bench.clock.advance(0);
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
    expect(bench.retained.size).toBe(0);
  });

  it('after the approval: the serial is waited for, told, and the object removed in 5 s', async () => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    bench.client.abort(clientGone);
    await expect(result).rejects.toBe(clientGone);
    await bench.clock.advance(2_000);
    expect(bench.requests.objects.size).toBe(1);
    bench.issue();
    await settle();
    expect(bench.log.lines.map(({ message }) => message)).toContain(
      'a certificate was issued that nobody waited for any more',
    );
    await bench.clock.advance(3_000);
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
  });
});

describe('the budget of a signer', () => {
  it('F58: ends a request before its own time is over', async () => {
    const bench = await SignerBench.make({ budgetMsFor: () => 10_000 });
    const { result } = await bench.sign();
    await bench.clock.advance(9_999);
    expect(bench.feed.waiting).toBe(1);
    await bench.clock.advance(1);
    await expect(result).rejects.toMatchObject({ code: 'SIGNER_TIMEOUT' });
  });
});

describe('a retry with the same bytes after the time was over', () => {
  it('gets the certificate that came meanwhile, at once', async () => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    bench.client.abort(timeIsUp);
    await expect(result).rejects.toBe(timeIsUp);
    await bench.clock.advance(20_000);
    bench.issue('LATE');
    await settle();
    const retry = await bench.call();
    await expect(retry.result).resolves.toBe('LATE');
    expect(bench.requests.calls.filter((call) => call === 'create')).toHaveLength(1);
    expect(bench.intents).toEqual(['r1', 'r2']);
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
  });

  it('needs no turn for a certificate that is there, though others queue for the signer', async () => {
    const bench = await SignerBench.make();
    await bench.sign();
    bench.client.abort(timeIsUp);
    await settle();
    bench.issue('LATE');
    await settle();
    for (let at = 0; at < 16; at += 1) {
      await bench.call(bench.again(`q${at}`, { ttlSeconds: 4_000 + at }));
    }
    const retry = await bench.call();
    await expect(retry.result).resolves.toBe('LATE');
  });

  it('goes on to wait for the same object when the signer is not done', async () => {
    const bench = await SignerBench.make();
    await bench.sign();
    bench.client.abort(timeIsUp);
    await settle();
    const retry = await bench.call();
    expect(bench.retained.size).toBe(0);
    bench.issue('LATER');
    await expect(retry.result).resolves.toBe('LATER');
    expect(bench.requests.calls.filter((call) => call !== 'remove')).toEqual(['create', 'approve']);
  });

  it('takes the object over when it comes in the very moment of the end', async () => {
    const bench = await SignerBench.make();
    await bench.sign();
    bench.client.abort(timeIsUp);
    const retry = await bench.call();
    bench.issue('LATER');
    await expect(retry.result).resolves.toBe('LATER');
    expect(bench.requests.calls.filter((call) => call === 'create')).toHaveLength(1);
  });

  it('finds nothing after a minute, nor does the cluster', async () => {
    const bench = await SignerBench.make();
    await bench.sign();
    bench.client.abort(timeIsUp);
    await bench.clock.advance(60_000);
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
    expect(bench.feed.waiting).toBe(0);
    await bench.feed.stop();
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it('makes a new object when the kept one was refused meanwhile', async () => {
    const bench = await SignerBench.make();
    await bench.sign();
    bench.client.abort(timeIsUp);
    await settle();
    bench.feed.put(bench.requests.addCondition(name, { type: 'Failed', status: 'True' }));
    await settle();
    await bench.deletions.drained();
    expect(bench.retained.size).toBe(0);
    const retry = await bench.call();
    bench.issue('NEW');
    await expect(retry.result).resolves.toBe('NEW');
  });

  it('is kept nowhere once the process stops', async () => {
    const bench = await SignerBench.make();
    await bench.sign();
    bench.client.abort(timeIsUp);
    await settle();
    await bench.retained.stop();
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
  });
});
