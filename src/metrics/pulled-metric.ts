import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** One series of a metric: its labels, none left out, and its value. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PulledMetric {
  /** A `counter` only grows; its whole value is read each time. */
  readonly kind: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Called at each scrape; where it throws the metric has no series in that scrape. */
  readonly read: () => Iterable<Sample> | Promise<Iterable<Sample>>;
}

/** Adds a metric whose value is nowhere kept but with the part that it is about. */
export function registerPulled(registry: Registry, metric: PulledMetric): void {
  const { kind, name, help, labels = [] } = metric;
  const options = { name, help, labelNames: labels, registers: [registry] };
  if (kind === 'counter') {
    const counter: Counter = new Counter({
      ...options,
      collect: () =>
        fill(metric, counter, (sample, value) => {
          counter.inc(sample, value);
        }),
    });
  } else {
    const gauge: Gauge = new Gauge({
      ...options,
      collect: () =>
        fill(metric, gauge, (sample, value) => {
          gauge.set(sample, value);
        }),
    });
  }
}

async function fill(
  { read, labels = [] }: PulledMetric,
  series: Pick<Gauge, 'reset' | 'remove'>,
  put: (labels: Record<string, string>, value: number) => void,
): Promise<void> {
  const samples = await readOrNone(read);
  series.reset();
  // A reset leaves a metric without labels at 0, which would be a value that nobody gave.
  if (labels.length === 0) series.remove({});
  for (const sample of samples) {
    if (Number.isFinite(sample.value)) put({ ...sample.labels }, sample.value);
  }
}

/** One part that cannot tell must not cost the others their metrics: a gap is what can be seen. */
async function readOrNone(read: PulledMetric['read']): Promise<readonly Sample[]> {
  try {
    return [...(await read())];
  } catch {
    return [];
  }
}
