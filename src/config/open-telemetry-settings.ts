import type { Sampling, TracingSettings } from '../tracing/tracing-settings.ts';
import type { Setting, SettingReader } from './setting.ts';

const kinds = ['always_on', 'always_off', 'traceidratio'] as const;
const parentPrefix = 'parentbased_';

function url(value: string): string {
  const parsed = URL.parse(value);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new Error('must be a URL that begins with http:// or https://');
  }
  return value;
}

function sampler(value: string): Pick<Sampling, 'kind' | 'parentBased'> {
  const parentBased = value.startsWith(parentPrefix);
  const name = parentBased ? value.slice(parentPrefix.length) : value;
  const kind = kinds.find((candidate) => candidate === name);
  if (kind === undefined) {
    throw new Error(`must be one of ${kinds.join(', ')}, each also with ${parentPrefix} before it`);
  }
  return { kind, parentBased };
}

function ratio(value: string): number {
  if (!/^(0(\.\d+)?|1(\.0+)?)$/.test(value)) throw new Error('must be a number from 0 to 1');
  return Number(value);
}

/** OpenTelemetry's own variables; its SDK reads further ones, such as OTEL_EXPORTER_OTLP_HEADERS. */
export const openTelemetrySettings = {
  otlpEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    help: 'base URL of the OTLP/HTTP collector of traces; absent: there are none',
    placeholder: '<url>',
    parse: url,
  },
  otelServiceName: {
    env: 'OTEL_SERVICE_NAME',
    help: 'what traces call us',
    placeholder: '<name>',
    fallback: 'istio-ra',
    parse: (value: string): string => value,
  },
  tracesSampler: {
    env: 'OTEL_TRACES_SAMPLER',
    help: 'which requests are traced',
    placeholder: '<sampler>',
    fallback: 'parentbased_always_on',
    parse: sampler,
  },
  tracesSamplerArgument: {
    env: 'OTEL_TRACES_SAMPLER_ARG',
    help: 'the share of requests that traceidratio traces',
    placeholder: '<0..1>',
    fallback: '1',
    parse: ratio,
  },
} satisfies Record<string, Setting<unknown>>;

/** Undefined where no collector is named; what cannot be used is noted with the reader. */
export function readTracing(reader: SettingReader): TracingSettings | undefined {
  const endpoint = reader.read(openTelemetrySettings.otlpEndpoint);
  const serviceName = reader.read(openTelemetrySettings.otelServiceName);
  const chosen = reader.read(openTelemetrySettings.tracesSampler);
  const share = reader.read(openTelemetrySettings.tracesSamplerArgument);
  if (endpoint === undefined || serviceName === undefined) return undefined;
  if (chosen === undefined || share === undefined) return undefined;
  return { endpoint, serviceName, sampling: { ...chosen, ratio: share } };
}
