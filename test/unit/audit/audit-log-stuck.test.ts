import { describe, expect, it } from '@jest/globals';
import { RaError } from '../../../src/base/ra-error.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { aDecision, anAudit, aStranger, never, unauthenticated, verify } from './support/audits.ts';

const enospc = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
const refusal = new RaError('SIGNER_REFUSED', 'no', { reason: 'signer_unknown' });
const stuck = { code: 'NOT_READY', reason: 'audit_stuck' };

/** What `work` rejects with, listened to from now on. */
function rejection(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('AuditLog with a stuck sink', () => {
  it('stops issuance after five seconds rather than lose a line', async () => {
    const { audit, sink, clock } = await anAudit();
    sink.hang();
    const intent = rejection(audit.intent(aDecision('r1'), never));
    await clock.advance(5000);
    await expect(intent).resolves.toMatchObject(stuck);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets nobody have a certificate whose line is not written', async () => {
    const { audit, sink, clock } = await anAudit();
    const decision = aDecision('r1');
    await audit.intent(decision, never);
    sink.hang();
    const issued = rejection(audit.issued(decision));
    await clock.advance(5000);
    await expect(issued).resolves.toMatchObject(stuck);
    sink.goOn();
    await settle();
    expect(sink.lines.at(-1)).toMatchObject({ requestId: 'r1', outcome: 'issued' });
  });

  it('is not ready while it is stuck, refuses at once, and is ready again afterwards', async () => {
    const { audit, sink, clock } = await anAudit();
    expect(audit.notReadyBecause()).toBeUndefined();
    sink.hang();
    audit.refused(aDecision('r1'), refusal);
    await clock.advance(5000);
    expect(audit.notReadyBecause()).toBe('memory has taken no audit line for 5 s');
    await expect(audit.intent(aDecision('r2'), never)).rejects.toMatchObject(stuck);
    sink.goOn();
    await settle();
    expect(audit.notReadyBecause()).toBeUndefined();
    await audit.intent(aDecision('r3'), never);
  });

  it('turns intents away when the buffer is full', async () => {
    const { audit, sink } = await anAudit({ bufferBytes: 1000 });
    sink.hang();
    audit.refused(aDecision('r1'), refusal);
    audit.refused(aDecision('r2'), refusal);
    await expect(audit.intent(aDecision('r3'), never)).rejects.toMatchObject(stuck);
  });

  it('counts refusals that find no room, and tells them when there is room again', async () => {
    const { audit, sink, clock } = await anAudit({ bufferBytes: 1000 });
    sink.hang();
    for (let n = 0; n < 10; n += 1) audit.refused(aDecision(`r${n}`), refusal);
    await clock.advance(3000);
    sink.goOn();
    await clock.advance(1000);
    const written = sink.kinds().filter((kind) => kind === 'decision').length;
    expect(written).toBeLessThan(4);
    expect(sink.lines.at(-1)).toMatchObject({
      ...{ kind: 'summary', cause: 'buffer_full', refused: 10 - written },
      from: '2026-01-01T00:00:00.000Z',
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('never turns away the outcome of a request that may be approved', async () => {
    const { audit, sink } = await anAudit({ bufferBytes: 1000 });
    const decisions = [aDecision('r1'), aDecision('r2'), aDecision('r3')];
    for (const decision of decisions) await audit.intent(decision, never);
    sink.hang();
    for (let n = 0; n < 10; n += 1) audit.refused(aStranger(`s${n}`), unauthenticated());
    for (const decision of decisions) audit.refused(decision, refusal);
    sink.goOn();
    await audit.stop();
    await expect(verify(sink.texts)).resolves.toMatchObject({ intact: true, complete: true });
  });

  it('bounds what it keeps, whatever comes', async () => {
    const { audit, sink } = await anAudit({ bufferBytes: 100_000 });
    sink.hang();
    for (let n = 0; n < 5000; n += 1) audit.refused(aDecision(`r${n}`), refusal);
    expect(audit.bufferedBytes).toBeLessThan(101_000);
  });

  it('tries again with back-off while the disk is full, and reports it', async () => {
    const { audit, sink, clock, log } = await anAudit();
    sink.writeErrors.push(enospc, enospc, enospc);
    const intent = audit.intent(aDecision('r1'), never);
    await clock.advance(50 + 100 + 200);
    await intent;
    expect(log.lines.map((line) => line.level)).toEqual(['error', 'error', 'error', 'info']);
    expect(log.lines[0]?.fields).toMatchObject({ sink: 'memory', error: enospc });
  });

  it('says why the sink takes nothing', async () => {
    const { audit, sink, clock } = await anAudit();
    sink.writeErrors.push(...Array.from({ length: 20 }, () => enospc));
    audit.refused(aDecision('r1'), refusal);
    await clock.advance(5000);
    expect(audit.notReadyBecause()).toContain('no space left on device');
  });

  it('lets nobody rely on lines whose sync failed, even when the next one succeeds', async () => {
    const { audit, sink, clock } = await anAudit();
    sink.syncErrors.push(new Error('EIO'));
    await expect(audit.intent(aDecision('r1'), never)).rejects.toMatchObject(stuck);
    await clock.advance(50);
    await audit.intent(aDecision('r2'), never);
    expect(audit.notReadyBecause()).toBeUndefined();
  });

  it('gives up on a stuck sink when it is stopped, and reports how much was lost', async () => {
    const { audit, sink, clock, log } = await anAudit();
    sink.hang();
    audit.refused(aDecision('r1'), refusal);
    const stopping = audit.stop();
    await clock.advance(5000);
    await stopping;
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { lost: 2 } });
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up on a failing sink when it is stopped', async () => {
    const { audit, sink, clock } = await anAudit();
    sink.writeErrors.push(...Array.from({ length: 100 }, () => enospc));
    audit.refused(aDecision('r1'), refusal);
    const stopping = audit.stop();
    await clock.advance(5000);
    await stopping;
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not start over a sink that takes no first line', async () => {
    const { sink } = await anAudit();
    const clock = new FakeClock();
    sink.hang();
    const opening = rejection(anAudit({ clock }, sink).then(() => undefined));
    await clock.advance(5000);
    await expect(opening).resolves.toMatchObject(stuck);
    expect([sink.closed, clock.pendingTimers]).toEqual([true, 0]);
  });

  it('does not start over a sink that cannot be opened', async () => {
    const { sink } = await anAudit();
    sink.open = () => Promise.reject(new Error('EACCES'));
    await expect(anAudit({}, sink)).rejects.toThrow('EACCES');
  });
});
