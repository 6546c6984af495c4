import { describe, expect, it } from '@jest/globals';
import { SettingReader } from '../../../src/config/setting.ts';
import { readTracing } from '../../../src/config/open-telemetry-settings.ts';

function read(env: Record<string, string>): ReturnType<typeof readTracing> {
  const reader = new SettingReader({ flags: {}, env });
  const tracing = readTracing(reader);
  reader.finish();
  return tracing;
}

const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector:4318';

describe('readTracing', () => {
  it('is off where no collector is named', () => {
    expect(read({ OTEL_TRACES_SAMPLER: 'always_on' })).toBeUndefined();
  });

  it('follows the caller, and traces every request of those who have no opinion', () => {
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT })).toEqual({
      endpoint: 'http://collector:4318',
      serviceName: 'istio-ra',
      sampling: { kind: 'always_on', parentBased: true, ratio: 1 },
    });
  });

  it("takes the SDK's own words for samplers", () => {
    const OTEL_TRACES_SAMPLER = 'traceidratio';
    const OTEL_TRACES_SAMPLER_ARG = '0.25';
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG };
    expect(read(env)?.sampling).toEqual({ kind: 'traceidratio', parentBased: false, ratio: 0.25 });
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector:4317'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
    ['OTEL_TRACES_SAMPLER_ARG', '2'],
  ])('names %s when it holds %s', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(name);
  });
});
