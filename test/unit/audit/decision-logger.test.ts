import { describe, expect, it } from '@jest/globals';
import { DecisionLogger } from '../../../src/audit/decision-logger.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import { Decision } from '../../../src/ra/decision.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

function setUp(): {
  clock: FakeClock;
  log: RecordingLogger;
  audited: string[];
  logger: DecisionLogger;
} {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const audited: string[] = [];
  const audit = {
    issued: (decision: Decision) => Promise.resolve(void audited.push(decision.requestId)),
    refused: (decision: Decision) => void audited.push(decision.requestId),
  };
  return { clock, log, audited, logger: new DecisionLogger({ log, audit, clock }) };
}

const bad = new RaError('CALLER_UNAUTHENTICATED', 'the token has expired', {
  reason: 'token_invalid',
});

describe('DecisionLogger', () => {
  it('tells the reason that the client is not shown', () => {
    const { clock, log, logger } = setUp();
    logger.refused(new Decision('r1', clock), bad);
    expect(log.lines[0]?.fields).toMatchObject({
      requestId: 'r1',
      reason: 'token_invalid',
      explanation: 'the token has expired',
    });
  });

  it('is not flooded by strangers, while the audit log hears of each', async () => {
    const { clock, log, audited, logger } = setUp();
    for (let n = 0; n < 500; n += 1) logger.refused(new Decision(`r${n}`, clock), bad);
    expect(log.lines).toHaveLength(100);
    expect(audited).toHaveLength(500);
    await clock.advance(1_000);
    logger.refused(new Decision('later', clock), bad);
    expect(log.lines).toHaveLength(101);
  });

  it('tells of each refusal of a caller who is known', () => {
    const { clock, log, logger } = setUp();
    for (let n = 0; n < 200; n += 1) {
      const decision = new Decision(`r${n}`, clock);
      decision.note({ caller: 'spiffe://cluster.local/ns/foo/sa/x' });
      logger.refused(decision, bad);
    }
    expect(log.lines).toHaveLength(200);
  });

  it('is not flooded by a caller who is known and comes too often', () => {
    const { clock, log, logger } = setUp();
    for (let n = 0; n < 200; n += 1) {
      const decision = new Decision(`r${n}`, clock);
      decision.note({ caller: 'spiffe://cluster.local/ns/foo/sa/x' });
      logger.refused(decision, new RaError('OVERLOADED', 'no', { reason: 'rate_limited' }));
    }
    expect(log.lines).toHaveLength(100);
  });

  it('says when the assigned signer serves instead of the one asked for', async () => {
    const { clock, log, logger } = setUp();
    const decision = new Decision('r1', clock);
    decision.note({ signer: 'a.b/new', servedInsteadOf: 'a.b/old' });
    await logger.issued(decision);
    expect(log.lines.find(({ level }) => level === 'info')?.fields).toMatchObject({
      servedInsteadOf: 'a.b/old',
    });
  });
});
