import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { OpsHttpServer } from '../server/ops-http-server.ts';
import type { PageRoute } from '../server/page-server.ts';

export interface OpsServersOptions {
  readonly config: Pick<RaConfig, 'httpAddress' | 'monitoringAddress'>;
  /** Looked at for each answer, so that more may be added later. */
  readonly readiness: readonly ReadinessCheck[];
  readonly liveness: readonly ReadinessCheck[];
  readonly metrics: Metrics;
  readonly version: string;
  readonly context: StartContext;
}

/** Starts the pages for probes and for Prometheus; returns where they listen. */
export async function startOpsServers(
  options: OpsServersOptions,
): Promise<{ readonly httpAddress: string; readonly monitoringAddress: string }> {
  const { config, readiness, liveness, metrics, context } = options;
  const version = { version: options.version, node: process.version };
  const log = context.log.scope('server');
  const open = async (address: string, routes: ReadonlyMap<string, PageRoute>): Promise<string> => {
    const server = new OpsHttpServer({ readiness, liveness, version, routes, log });
    context.started.defer(() => server.stop());
    return server.start(address);
  };
  const prometheus: PageRoute = async () => ({ status: 200, ...(await metrics.scrape()) });
  return {
    httpAddress: await open(config.httpAddress, new Map()),
    monitoringAddress: await open(config.monitoringAddress, new Map([['/metrics', prometheus]])),
  };
}
