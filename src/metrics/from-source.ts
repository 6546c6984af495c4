import type { MetricsSources } from './metrics-sources.ts';
import type { PulledMetric, Sample } from './pulled-metric.ts';

type SourceName = keyof MetricsSources;
type Value<Name extends SourceName> = ReturnType<NonNullable<MetricsSources[Name]>>;

/** Metrics that a source gives, or none where there is no such source. */
export type From = <Name extends SourceName>(
  name: Name,
  metrics: Readonly<Record<string, MetricOf<Value<Name>>>>,
) => readonly PulledMetric[];

/** `read` turns what the source says into series; the name begins with `istio_ra_`. */
export interface MetricOf<T> extends Omit<PulledMetric, 'read' | 'name'> {
  readonly read: (value: T) => Iterable<Sample>;
}

/** Reads metrics from those of `sources` that there are. */
export function metricsOf(sources: MetricsSources): From {
  return (name, metrics) => {
    const source = sources[name] as (() => Value<typeof name>) | undefined;
    if (source === undefined) return [];
    return Object.entries(metrics).map(([metric, { read, ...rest }]) => ({
      ...rest,
      name: `istio_ra_${metric}`,
      read: () => read(source()),
    }));
  };
}

/** The value of a source that is a number already. */
export const itself = (value: number): number => value;

/** A metric with one number and no labels. */
export function single<T>(
  kind: PulledMetric['kind'],
  help: string,
  numberOf: (value: T) => number,
): MetricOf<T> {
  return { kind, help, read: (value) => [{ value: numberOf(value) }] };
}

/** A metric with one series for each item. */
export function each<T>(
  metric: Omit<MetricOf<Iterable<T>>, 'read'>,
  samplesOf: (item: T) => readonly Sample[],
): MetricOf<Iterable<T>> {
  return { ...metric, read: (items) => [...items].flatMap(samplesOf) };
}
