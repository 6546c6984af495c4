import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { Watches } from '../kube/watches.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { Tracing } from '../tracing/open-tracing.ts';

export interface TelemetryOptions {
  readonly config: Pick<RaConfig, 'tracing' | 'replica'>;
  readonly version: string;
  readonly watches: Watches;
  readonly context: StartContext;
}

/** What tells others how we do: metrics, and traces where there is a collector for them. */
export interface Telemetry {
  readonly metrics: Metrics;
  /** Undefined where requests are not traced. */
  readonly tracing: Tracing | undefined;
}

export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { version, watches, context } = options;
  const { clock, log, started } = context;
  const metrics = new Metrics({ version, clock, log });
  metrics.start();
  started.defer(() => metrics.stop());
  metrics.addSources({ watches: () => watches.ages() });
  const tracing = await openTracing(options);
  if (tracing !== undefined) metrics.addSources({ traces: () => tracing.counts });
  return { metrics, tracing };
}

/** Loads the SDK only where it is used: it would cost each start its time. */
async function openTracing(options: TelemetryOptions): Promise<Tracing | undefined> {
  const { replica, tracing: settings } = options.config;
  if (settings === undefined) return undefined;
  const { openTracing: open } = await import('../tracing/open-tracing.ts');
  const { clock, log, started } = options.context;
  const tracing = open({ settings, version: options.version, replica, clock, log });
  started.defer(() => tracing.stop());
  return tracing;
}
