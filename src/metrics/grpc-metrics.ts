import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import { grpcCodeName } from './grpc-code-name.ts';

const call = {
  grpc_type: 'unary',
  grpc_service: 'istio.v1.auth.IstioCertificateService',
  grpc_method: 'CreateCertificate',
} as const;

const callLabels = ['grpc_type', 'grpc_service', 'grpc_method'] as const;
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** CreateCertificate under the names that gRPC servers usually have. */
export class GrpcMetrics {
  readonly #started: Counter<keyof typeof call>;
  readonly #handled: Counter<keyof typeof call | 'grpc_code'>;
  readonly #handling: Histogram<keyof typeof call>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#started = new Counter({
      name: 'grpc_server_started_total',
      help: 'Calls that came in.',
      labelNames: callLabels,
      registers,
    });
    this.#handled = new Counter({
      name: 'grpc_server_handled_total',
      help: 'Calls that were answered, by status code.',
      labelNames: [...callLabels, 'grpc_code'],
      registers,
    });
    this.#handling = new Histogram({
      name: 'grpc_server_handling_seconds',
      help: 'From the arrival of a call to its answer.',
      labelNames: callLabels,
      buckets,
      registers,
    });
    // Present from the start: a rate over a series that appears with its first call misses that call.
    this.#started.inc(call, 0);
    this.#handled.inc({ ...call, grpc_code: 'OK' }, 0);
  }

  started(): void {
    this.#started.inc(call);
  }

  /** `status`: the name of the gRPC status, such as `UNAVAILABLE`. */
  ended(status: string, seconds: number): void {
    this.#handled.inc({ ...call, grpc_code: grpcCodeName(status) });
    this.#handling.observe(call, seconds);
  }
}
