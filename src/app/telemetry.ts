import type { AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { StartStack } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import type { OpsRoute } from '../server/ops-http-server.ts';
import { statusName, toClientStatus } from '../server/status.ts';
import type { Tracing } from '../tracing/open-tracing.ts';
import { DecisionLogger } from '../audit/decision-logger.ts';
import { WatchAges } from '../kube/watch-ages.ts';

export interface TelemetryOptions {
  readonly config: Pick<RaConfig, 'tracing' | 'replica'>;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly started: StartStack;
}

/** What tells others how we do: metrics, and traces where there is a collector for them. */
export interface Telemetry {
  readonly metrics: Metrics;
  readonly watches: WatchAges;
  /** The page for Prometheus. */
  readonly route: OpsRoute;
  /** Where each request's outcome goes: audit log, log, metrics and trace. */
  decisionsTo(audit: AuditLog): DecisionLog;
}

export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { version, clock, log, started } = options;
  const metrics = new Metrics({
    ...{ version, clock, log },
    statusOf: (error) => statusName(toClientStatus(error, '').code),
  });
  metrics.start();
  started.defer(() => metrics.stop());
  const watches = new WatchAges(clock);
  metrics.addSources({ watches: () => watches.read() });
  const tracing = await openTracing(options);
  if (tracing !== undefined) metrics.addSources({ traces: () => tracing.counts });
  return {
    metrics,
    watches,
    route: { path: '/metrics', answer: async () => ({ status: 200, ...(await metrics.scrape()) }) },
    decisionsTo: (audit) => {
      const metered = metrics.metered(new DecisionLogger({ log, audit, clock }));
      return tracing === undefined ? metered : tracing.traced(metered);
    },
  };
}

/** Loads the SDK only where it is used: it would cost each start its time. */
async function openTracing(options: TelemetryOptions): Promise<Tracing | undefined> {
  const { config, started } = options;
  if (config.tracing === undefined) return undefined;
  const { openTracing: open } = await import('../tracing/open-tracing.ts');
  const { replica, tracing: settings } = config;
  const tracing = open({ ...options, settings, replica });
  started.defer(() => tracing.stop());
  return tracing;
}
