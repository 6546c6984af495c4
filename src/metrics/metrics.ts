import { Registry } from 'prom-client';
import type { Clock } from '../base/clock.ts';
import { errorTable } from '../base/error-table.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import { ApiCallMetrics } from './api-call-metrics.ts';
import type { ApiCallOutcome } from './api-call-metrics.ts';
import { EventLoopLag } from './event-loop-lag.ts';
import { GrpcMetrics } from './grpc-metrics.ts';
import { IstioMetrics } from './istio-metrics.ts';
import { MeteredDecisions } from './metered-decisions.ts';
import type { MetricsSources } from './metrics-sources.ts';
import { processMetrics } from './process-metrics.ts';
import { registerPulled } from './pulled-metric.ts';
import { RequestMetrics } from './request-metrics.ts';
import { istioExpiryMetrics, sourceMetrics } from './source-metrics.ts';

export interface MetricsOptions {
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A page in Prometheus' text format. */
export interface Scrape {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Everything that Prometheus is told. What happens is counted as it happens; what is, is asked of its
 * sources at each scrape. docs/metrics.md lists all names.
 */
export class Metrics implements Stoppable {
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();
  readonly #requests = new RequestMetrics(this.#registry);
  readonly #istio = new IstioMetrics(this.#registry);
  readonly #grpc = new GrpcMetrics(this.#registry);
  readonly #apiCalls = new ApiCallMetrics(this.#registry);
  readonly #lag: EventLoopLag;

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#lag = new EventLoopLag(this.#registry, options.clock);
    const { version } = options;
    const labels = { version, node: process.version };
    registerPulled(this.#registry, {
      kind: 'gauge',
      name: 'istio_ra_build_info',
      help: 'Always 1; the labels say what runs.',
      labels: ['version', 'node'],
      read: () => [{ labels, value: 1 }],
    });
    for (const metric of processMetrics()) registerPulled(this.#registry, metric);
  }

  /** Begins to measure the event loop. */
  start(): void {
    this.#lag.start();
  }

  stop(): Promise<void> {
    return this.#lag.stop();
  }

  /** Adds the parts that are running; each source once. Throws when one is added again. */
  addSources(sources: MetricsSources): void {
    const { clock } = this.#options;
    const metrics = [...sourceMetrics(sources), ...istioExpiryMetrics(sources, clock)];
    for (const metric of metrics) registerPulled(this.#registry, metric);
  }

  /** To be called as each certificate request comes in. */
  readonly onRequest = (): void => {
    this.#istio.started();
    this.#grpc.started();
  };

  /** To be called as each call to an API server ends. */
  readonly onApiCall = (outcome: ApiCallOutcome): void => {
    this.#apiCalls.ended(outcome);
  };

  /** The same decisions, each counted. */
  metered(decisions: DecisionLog): DecisionLog {
    const { log } = this.#options;
    return new MeteredDecisions({
      decisions,
      log,
      onEnded: (decision, error) => {
        this.#requests.ended(decision, error);
        this.#istio.ended(error);
        const status = error === undefined ? 'OK' : errorTable[error.code].grpcStatus;
        this.#grpc.ended(status, decision.elapsedMs() / 1000);
      },
    });
  }

  async scrape(): Promise<Scrape> {
    const body = await this.#registry.metrics();
    return { contentType: this.#registry.contentType, body };
  }
}
