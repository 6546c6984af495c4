import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Clock } from '../base/clock.ts';
import { callWithin } from '../base/deadline.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import { ReportingExporter } from './reporting-exporter.ts';
import { samplerOf } from './sampler-of.ts';
import { TracedDecisions } from './traced-decisions.ts';
import type { TracingSettings } from './tracing-settings.ts';

export interface TracingOptions {
  readonly settings: TracingSettings;
  readonly version: string;
  /** Our name among the replicas. */
  readonly replica: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Traces that go to a collector. Stop it after the last decision, or the newest spans are lost. */
export interface Tracing extends Stoppable {
  /** Spans that the collector took, and those that it did not. */
  readonly counts: { readonly sent: number; readonly failed: number };
  /** The same decisions, each traced. */
  traced(decisions: DecisionLog): DecisionLog;
}

/** Beyond this many, new spans are dropped: a collector that is away costs a bound of memory. */
const maxSpans = 4_096;
const maxInBatch = 512;
const batchMs = 2_000;
const exportMs = 10_000;
const sendMs = 5_000;
const lastFlushMs = 3_000;
const maxAttributeLength = 512;

/** Opens no connection yet: the first batch does. */
export function openTracing(options: TracingOptions): Tracing {
  const { settings, version, clock, log } = options;
  const exporter = new ReportingExporter({
    exporter: new OTLPTraceExporter({
      url: `${settings.endpoint.replace(/\/$/, '')}/v1/traces`,
      timeoutMillis: sendMs,
      concurrencyLimit: 2,
    }),
    clock,
    log,
  });
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: maxSpans,
    maxExportBatchSize: maxInBatch,
    scheduledDelayMillis: batchMs,
    exportTimeoutMillis: exportMs,
  });
  const provider = new TracerProvider({
    sampler: samplerOf(settings.sampling),
    spanLimits: { attributeValueLengthLimit: maxAttributeLength },
    resource: resourceOf(options),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('istio-ra', version);
  return {
    get counts() {
      return exporter.counts;
    },
    traced: (decisions) => new TracedDecisions({ decisions, tracer, log }),
    stop: async () => {
      const reason = (): Error => new Error('the collector took too long');
      const limits = { clock, ms: lastFlushMs, reason };
      await callWithin(limits, () => provider.shutdown()).catch((error: unknown) => {
        log.warn('the newest traces are lost', { error });
      });
    },
  };
}

/** What the environment says of the process (OTEL_RESOURCE_ATTRIBUTES), and what we know. */
function resourceOf({ settings, version, replica }: TracingOptions) {
  const known = resourceFromAttributes({
    'service.name': settings.serviceName,
    'service.version': version,
    'service.instance.id': replica,
  });
  return detectResources({ detectors: [resourceAttributesEnvDetector] }).merge(known);
}
