import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { StartStack } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { OpsHttpServer } from '../server/ops-http-server.ts';
import type { OpsRoute } from '../server/ops-http-server.ts';

export interface OpsServersOptions {
  readonly config: Pick<RaConfig, 'httpAddress' | 'monitoringAddress'>;
  /** Looked at for each answer, so that more may be added later. */
  readonly readiness: readonly ReadinessCheck[];
  readonly liveness: readonly ReadinessCheck[];
  readonly metrics: OpsRoute;
  readonly version: string;
  readonly log: Logger;
  readonly started: StartStack;
}

/** Starts the pages for probes and for Prometheus; returns where they listen. */
export async function startOpsServers(
  options: OpsServersOptions,
): Promise<{ readonly httpAddress: string; readonly monitoringAddress: string }> {
  const { config, metrics, started } = options;
  const version = { version: options.version, node: process.version };
  const log = options.log.scope('server');
  const open = async (address: string, routes: readonly OpsRoute[]): Promise<string> => {
    const server = new OpsHttpServer({ ...options, version, routes, log });
    started.defer(() => server.stop());
    return server.start(address);
  };
  return {
    httpAddress: await open(config.httpAddress, []),
    monitoringAddress: await open(config.monitoringAddress, [metrics]),
  };
}
