import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';
import { settle } from '../../support/fake-clock.ts';
import { aDecision, anAudit, aStranger, never, unauthenticated, verify } from './support/audits.ts';
import { MemorySink } from './support/memory-sink.ts';

const enospc = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
const refusal = new RaError('SIGNER_REFUSED', 'no', { reason: 'signer_unknown' });

describe('AuditLog', () => {
  it('writes intent, outcome and its own beginning and end', async () => {
    const { audit, sink } = await anAudit();
    const decision = aDecision('r1');
    await audit.intent(decision, never);
    await audit.issued(decision);
    audit.refused(aStranger('r2'), unauthenticated());
    await audit.stop();
    expect(sink.kinds()).toEqual(['opened', 'intent', 'decision', 'decision', 'closed']);
    expect(sink.lines[2]).toMatchObject({ outcome: 'issued', intended: true });
    expect(sink.lines[3]).toMatchObject({ outcome: 'refused', intended: false });
    await expect(verify(sink.texts)).resolves.toMatchObject({ intact: true, complete: true });
  });

  it('lets nobody approve before the intent is written and synced', async () => {
    const { audit, sink } = await anAudit();
    sink.hang();
    let done = false;
    const intent = audit.intent(aDecision('r1'), never).then(() => (done = true));
    await settle();
    expect(done).toBe(false);
    sink.goOn();
    await intent;
    expect(sink.kinds()).toContain('intent');
    expect(sink.syncs).toBe(2);
  });

  it('writes lines that come while another is written as one batch', async () => {
    const { audit, sink } = await anAudit();
    sink.hang();
    const first = audit.intent(aDecision('r0'), never);
    await settle();
    const before = sink.writes;
    const others = Array.from({ length: 50 }, (_, n) =>
      audit.intent(aDecision(`r${n + 1}`), never),
    );
    sink.goOn();
    await Promise.all([first, ...others]);
    expect(sink.writes - before).toBe(1);
  });

  it('goes on with the rest of a line that was taken in part', async () => {
    const { audit, sink, clock } = await anAudit();
    sink.takes = 100;
    sink.writeErrors.push(undefined, undefined, enospc);
    const intent = audit.intent(aDecision('r1'), never);
    await clock.advance(50);
    await intent;
    await audit.stop();
    await expect(verify(sink.texts)).resolves.toMatchObject({ intact: true, lines: 3 });
  });

  it('refuses an intent after a decision about the same request', async () => {
    const { audit } = await anAudit();
    const decision = aDecision('r1');
    audit.refused(decision, refusal);
    await expect(audit.intent(decision, never)).rejects.toMatchObject({
      ...{ code: 'CANCELLED', reason: 'already_decided' },
    });
  });

  it('lets nobody approve a request that was answered while its intent was written', async () => {
    const { audit, sink } = await anAudit();
    sink.hang();
    const decision = aDecision('r1');
    const intent = audit.intent(decision, never);
    audit.refused(decision, new RaError('CANCELLED', 'gone'));
    sink.goOn();
    await expect(intent).rejects.toMatchObject({ reason: 'already_decided' });
    await settle();
    expect(sink.lines.at(-1)).toMatchObject({ outcome: 'abandoned', intended: true });
  });

  it('ends the wait for an intent with the reason of the abort', async () => {
    const { audit, sink } = await anAudit();
    sink.hang();
    const client = new AbortController();
    const intent = audit.intent(aDecision('r1'), client.signal);
    client.abort(new RaError('CANCELLED', 'gone'));
    await expect(intent).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('F41: tells of a certificate that was changed, in a trail that is intact', async () => {
    const { audit, sink } = await anAudit();
    const sha256 = { takenSha256: 'aa', foundSha256: 'bb' };
    audit.changed({ requestId: 'r1', csrName: 'ra-1', csrUid: 'u1', signer: 'a/foo', ...sha256 });
    await audit.stop();
    expect(sink.lines[1]).toMatchObject({ kind: 'changed', requestId: 'r1', ...sha256 });
    expect(await verify(sink.texts)).toMatchObject({ intact: true, complete: true });
  });

  it('writes one line for a request that is decided twice, and says so', async () => {
    const { audit, sink, log } = await anAudit();
    const decision = aDecision('r1');
    await audit.issued(decision);
    audit.refused(decision, refusal);
    await expect(audit.issued(decision)).rejects.toMatchObject({ code: 'INTERNAL' });
    await settle();
    expect(sink.kinds()).toEqual(['opened', 'decision']);
    expect(log.lines.map((line) => line.message)).toContain('a request was decided twice');
  });

  it('goes on after the last line that its sink holds, and tells of a torn one', async () => {
    const sink = new MemorySink();
    const head = { chain: 'c', seq: 7, hash: 'ab'.repeat(32) };
    const torn = { bytes: 12, sha256: 'cd'.repeat(32) };
    sink.end = { head, torn };
    await anAudit({}, sink);
    expect(sink.lines).toMatchObject([
      { kind: 'opened', chain: 'c', seq: 8, prev: head.hash, torn, replica: 'ra-0' },
    ]);
  });

  it('takes nothing more once it is stopped', async () => {
    const { audit, sink, log, clock } = await anAudit();
    await audit.stop();
    await audit.stop();
    const closed = { code: 'NOT_READY', reason: 'audit_closed' };
    await expect(audit.intent(aDecision('r1'), never)).rejects.toMatchObject(closed);
    await expect(audit.issued(aDecision('r2'))).rejects.toMatchObject(closed);
    audit.refused(aDecision('r3'), refusal);
    expect(sink.closed).toBe(true);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { requestId: 'r3' } }]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('AuditLog under a flood of strangers', () => {
  async function flooded(refusals: number) {
    const given = await anAudit();
    for (let n = 0; n < refusals; n += 1) {
      const reason = n % 2 === 0 ? 'token_missing' : 'token_expired';
      given.audit.refused(aStranger(`r${n}`), unauthenticated(reason));
    }
    return given;
  }

  it('writes a hundred refusals a second and sums up the others', async () => {
    const { sink, clock } = await flooded(1100);
    await clock.advance(1000);
    expect(sink.kinds().filter((kind) => kind === 'decision')).toHaveLength(100);
    expect(sink.lines.at(-1)).toMatchObject({
      ...{ kind: 'summary', cause: 'flood', refused: 1000 },
      counts: {
        'CALLER_UNAUTHENTICATED/token_missing': 500,
        'CALLER_UNAUTHENTICATED/token_expired': 500,
      },
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives strangers their own lines again in the next second', async () => {
    const { audit, sink, clock } = await flooded(101);
    await clock.advance(1000);
    audit.refused(aStranger('later'), unauthenticated());
    await settle();
    expect(sink.lines.at(-1)).toMatchObject({ kind: 'decision', requestId: 'later' });
  });

  it('writes every refusal of a caller who is known', async () => {
    const { audit, sink } = await flooded(0);
    for (let n = 0; n < 300; n += 1) audit.refused(aDecision(`r${n}`), refusal);
    await settle();
    expect(sink.kinds().filter((kind) => kind === 'decision')).toHaveLength(300);
  });

  it('does not write every refusal of a caller who is known and comes too often', async () => {
    const { audit, sink } = await flooded(0);
    const tooOften = new RaError('OVERLOADED', 'no', { reason: 'rate_limited' });
    for (let n = 0; n < 300; n += 1) audit.refused(aDecision(`r${n}`), tooOften);
    await settle();
    expect(sink.kinds().filter((kind) => kind === 'decision')).toHaveLength(100);
    await audit.stop();
    expect(sink.lines.at(-2)).toMatchObject({ counts: { 'OVERLOADED/rate_limited': 200 } });
  });

  it('writes the last summary when it is stopped within the second', async () => {
    const { audit, sink, clock } = await flooded(150);
    await audit.stop();
    expect(sink.kinds().slice(-2)).toEqual(['summary', 'closed']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not count more than 64 kinds of refusals apart', async () => {
    const { audit, sink, clock } = await flooded(100);
    for (let n = 0; n < 1000; n += 1) audit.refused(aStranger(`s${n}`), unauthenticated(`x${n}`));
    await clock.advance(1000);
    const counts = sink.lines.at(-1)?.['counts'] as Record<string, number>;
    expect(Object.keys(counts)).toHaveLength(65);
    expect(counts['other']).toBe(936);
  });
});
