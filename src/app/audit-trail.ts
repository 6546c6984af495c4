import { AuditLog } from '../audit/audit-log.ts';
import type { AuditSink } from '../audit/audit-sink.ts';
import { FileSink } from '../audit/file-sink.ts';
import { StreamSink } from '../audit/stream-sink.ts';
import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { AuditConfig } from '../config/audit-settings.ts';

/** Opens the audit log where the configuration wants it. Throws when it cannot be written. */
export async function openAuditLog(options: {
  readonly audit: AuditConfig;
  readonly replica: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}): Promise<AuditLog> {
  const { audit, replica, clock, random, log } = options;
  try {
    return await AuditLog.open({ sink: sinkOf(audit), replica, clock, random, log });
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot write the audit log that AUDIT_LOG names: ${problem}`, { cause });
  }
}

function sinkOf({ target, maxBytes, maxFiles, fsync }: AuditConfig): AuditSink {
  if (target === 'stdout') return new StreamSink(process.stdout, 'stdout');
  return new FileSink({ path: target, maxBytes, maxFiles, fsync });
}
