import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';

export interface ReportingExporterOptions {
  readonly exporter: SpanExporter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A collector that is away is told of at most this often. */
const betweenWarningsMs = 60_000;
/** The SDK's own `ExportResultCode.SUCCESS`. */
const success = 0;

/** Counts what the collector took and what not, and says so when it does not. */
export class ReportingExporter implements SpanExporter {
  readonly #options: ReportingExporterOptions;
  readonly #counts = { sent: 0, failed: 0 };
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ReportingExporterOptions) {
    this.#options = options;
  }

  get counts(): { readonly sent: number; readonly failed: number } {
    return { ...this.#counts };
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.#options.exporter.export(spans, (result) => {
      const taken = (result.code as number) === success;
      this.#counts[taken ? 'sent' : 'failed'] += spans.length;
      if (!taken) this.#warn(result.error);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.#options.exporter.shutdown();
  }

  #warn(error: Error | undefined): void {
    const { clock, log } = this.#options;
    if (clock.monotonic() - this.#warnedAt < betweenWarningsMs) return;
    this.#warnedAt = clock.monotonic();
    log.warn('the collector did not take traces, they are lost', { error });
  }
}
