import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import { BoundedLabel } from './bounded-label.ts';

/** One call to the API server. Verb and resource are our own words. */
export interface ApiCallOutcome {
  readonly verb: string;
  readonly resource: string;
  /** The HTTP status; undefined when no whole answer came. */
  readonly status: number | undefined;
  /** Whether we gave the call up ourselves. */
  readonly aborted: boolean;
  readonly durationMs: number;
}

const buckets = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const maxKinds = 100;

/** Calls to Kubernetes API servers, each try by itself; a watch counts when it is accepted. */
export class ApiCallMetrics {
  readonly #calls: Counter<'verb' | 'resource' | 'code'>;
  readonly #durations: Histogram<'verb' | 'resource'>;
  readonly #resources = new BoundedLabel(maxKinds);
  readonly #codes = new BoundedLabel(maxKinds);

  constructor(registry: Registry) {
    this.#calls = new Counter({
      name: 'istio_ra_kubernetes_calls_total',
      help: 'Calls to API servers; code is the HTTP status, aborted or unanswered.',
      labelNames: ['verb', 'resource', 'code'],
      registers: [registry],
    });
    this.#durations = new Histogram({
      name: 'istio_ra_kubernetes_call_duration_seconds',
      help: 'From when a call is asked for to its whole answer; of a watch, to its beginning.',
      labelNames: ['verb', 'resource'],
      buckets,
      registers: [registry],
    });
  }

  ended({ verb, resource: name, status, aborted, durationMs }: ApiCallOutcome): void {
    const resource = this.#resources.of(name);
    const unanswered = aborted ? 'aborted' : 'unanswered';
    const code = status === undefined ? unanswered : this.#codes.of(String(status));
    this.#calls.inc({ verb, resource, code });
    this.#durations.observe({ verb, resource }, durationMs / 1000);
  }
}
