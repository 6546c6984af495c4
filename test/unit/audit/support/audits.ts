import { AuditLog } from '../../../../src/audit/audit-log.ts';
import type { AuditLogOptions } from '../../../../src/audit/audit-log.ts';
import { verifyAudit } from '../../../../src/audit/verify-audit.ts';
import type { AuditReport } from '../../../../src/audit/verify-audit.ts';
import { RaError } from '../../../../src/base/ra-error.ts';
import { Decision } from '../../../../src/ra/decision.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';
import { MemorySink } from './memory-sink.ts';

export const never = new AbortController().signal;

export interface Audit {
  readonly audit: AuditLog;
  readonly sink: MemorySink;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
}

/** An open audit log over a sink in memory. */
export async function anAudit(
  options: Partial<AuditLogOptions> = {},
  sink = new MemorySink(),
): Promise<Audit> {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const audit = await AuditLog.open({
    ...{ sink, clock, log, random: () => 1, replica: 'ra-0' },
    ...options,
  });
  return { audit, sink, clock, log };
}

export function aDecision(requestId: string, clock = new FakeClock()): Decision {
  const decision = new Decision(requestId, clock);
  decision.note({
    ...{ peer: '10.0.0.7:40000', method: 'kubernetes-token' },
    ...{ caller: 'spiffe://cluster.local/ns/foo/sa/httpbin', callerPod: 'httpbin-1' },
    identity: 'spiffe://cluster.local/ns/foo/sa/httpbin',
    ...{ signer: 'clusterissuers.cert-manager.io/foo', assignedBy: 'meshConfig.defaultConfig' },
    ...{ spkiSha256: 'ab'.repeat(32), ttlAskedSeconds: '86400', ttlSeconds: 86_400 },
    ...{ csrName: 'ra-abc', csrUid: 'uid-1', meshGeneration: 3 },
  });
  return decision;
}

/** A decision about somebody who has not proved who it is. */
export function aStranger(requestId: string, clock = new FakeClock()): Decision {
  const decision = new Decision(requestId, clock);
  decision.note({ peer: '10.0.0.9:40000' });
  return decision;
}

export function unauthenticated(reason = 'token_missing'): RaError {
  return new RaError('CALLER_UNAUTHENTICATED', 'no token', { reason });
}

/** A trail of `requests` requests in order: opened, then intent and decision of each, then closed. */
export async function aTrail(requests: number): Promise<readonly string[]> {
  const { audit, sink } = await anAudit();
  for (let number = 1; number <= requests; number += 1) {
    const decision = aDecision(`request-${number}`);
    await audit.intent(decision, never);
    await audit.issued(decision);
  }
  await audit.stop();
  return sink.texts;
}

export function verify(lines: readonly string[]): Promise<AuditReport> {
  return verifyAudit(streamOf(lines));
}

// eslint-disable-next-line @typescript-eslint/require-await -- an array has nothing to wait for
async function* streamOf(lines: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* lines;
}
