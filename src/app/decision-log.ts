import { AuditLog } from '../audit/audit-log.ts';
import type { AuditSink } from '../audit/audit-sink.ts';
import { DecisionLogger } from '../audit/decision-logger.ts';
import { FileSink } from '../audit/file-sink.ts';
import { StreamSink } from '../audit/stream-sink.ts';
import { messageOf } from '../base/error-message.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { AuditConfig } from '../config/audit-settings.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { RecentDecisions } from '../ra/recent-decisions.ts';
import type { Tracing } from '../tracing/open-tracing.ts';

export interface DecisionLogOptions {
  readonly config: Pick<RaConfig, 'audit' | 'replica'>;
  readonly metrics: Metrics;
  /** Undefined where requests are not traced. */
  readonly tracing: Tracing | undefined;
  readonly context: StartContext;
}

/** Where the outcome of each request goes. */
export interface OpenedDecisionLog {
  /** The last that is told, which counts: without its line no certificate is handed out. */
  readonly audit: AuditLog;
  /** The first that is told, which tells all others. */
  readonly decisions: RecentDecisions;
}

/**
 * Opens the audit log and puts the others before it. Each tells the next one of a decision first and
 * does its own work when that is done, so that a certificate counts as issued once it is in the audit
 * log. Throws when that cannot be written.
 */
export async function openDecisionLog(options: DecisionLogOptions): Promise<OpenedDecisionLog> {
  const { config, metrics, tracing, context } = options;
  const { clock, log } = context;
  const audit = await openAuditLog(config, context);
  context.started.defer(() => audit.stop());
  const logged = new DecisionLogger({ audit, log, clock });
  const metered = metrics.metered(logged);
  const traced = tracing === undefined ? metered : tracing.traced(metered);
  return { audit, decisions: new RecentDecisions(traced, () => clock.now()) };
}

async function openAuditLog(
  { audit, replica }: DecisionLogOptions['config'],
  { clock, random, log }: StartContext,
): Promise<AuditLog> {
  try {
    return await AuditLog.open({ sink: sinkOf(audit), replica, clock, random, log });
  } catch (cause) {
    const problem = messageOf(cause);
    throw new Error(`cannot write the audit log that AUDIT_LOG names: ${problem}`, { cause });
  }
}

function sinkOf({ target, maxBytes, maxFiles, fsync }: AuditConfig): AuditSink {
  if (target === 'stdout') return new StreamSink(process.stdout, 'stdout');
  return new FileSink({ path: target, maxBytes, maxFiles, fsync });
}
