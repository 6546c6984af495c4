import type { Metrics } from '../../src/metrics/metrics.ts';

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const pair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

export interface ScrapedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The series of a page in Prometheus' text format. */
export function parseSamples(page: string): readonly ScrapedSample[] {
  return page
    .split('\n')
    .filter((text) => text !== '' && !text.startsWith('#'))
    .map((text) => {
      const [, name = '', labels = '', value = ''] = line.exec(text) ?? [];
      if (name === '') throw new Error(`no sample: ${text}`);
      const pairs = [...labels.matchAll(pair)].map(([, key = '', word = '']) => [key, word]);
      return {
        name,
        labels: Object.fromEntries(pairs) as Record<string, string>,
        value: Number(value),
      };
    });
}

/** The series of that name as `label=value,…` and their values. */
export async function seriesOf(metrics: Metrics, name: string): Promise<Record<string, number>> {
  const { body } = await metrics.scrape();
  const found = parseSamples(body).filter((sample) => sample.name === name);
  return Object.fromEntries(
    found.map(({ labels, value }) => [
      Object.entries(labels)
        .map(([key, word]) => `${key}=${word}`)
        .join(','),
      value,
    ]),
  );
}
