/** Which requests are traced where their caller has no opinion, in OTEL_TRACES_SAMPLER's words. */
export interface Sampling {
  readonly kind: 'always_on' | 'always_off' | 'traceidratio';
  /** Of `traceidratio`: from 0 to 1. */
  readonly ratio: number;
  /** Whether a caller that says so itself is followed. */
  readonly parentBased: boolean;
}

export interface TracingSettings {
  /** Where the collector takes traces: its base URL, to which `v1/traces` is added. */
  readonly endpoint: string;
  readonly serviceName: string;
  readonly sampling: Sampling;
}
