import { measureAuthority, measureFloor, type Load, type Measurement } from './measure.ts';
import type { Bench } from './bench.ts';
import { median } from './quantile.ts';

/** Who was measured, and how it was asked. */
export type Subject =
  | 'istio-ra, a token per caller'
  | "istio-ra, a node agent's token"
  | 'floor, deleting at once'
  | 'floor, deleting afterwards';

/** One load, measured on several subjects in turns, so that the machine's moods hit all alike. */
export interface Series {
  readonly name: string;
  readonly load: Load;
  readonly rounds: number;
  readonly subjects: readonly Subject[];
  /** What the floor does instead, where its load differs. */
  readonly floorLoad?: Load;
}

export interface SeriesResult {
  readonly series: Series;
  readonly bySubject: ReadonlyMap<Subject, readonly Measurement[]>;
}

/** Runs a series: round after round, each subject once in each. */
export async function runSeries(bench: Bench, series: Series): Promise<SeriesResult> {
  const results = new Map<Subject, Measurement[]>();
  for (let round = 0; round < series.rounds; round += 1) {
    // Every other round in the opposite order: what comes later is not always the same one.
    const order = round % 2 === 0 ? series.subjects : series.subjects.toReversed();
    for (const subject of order) {
      const result = await measure(bench, series, subject);
      bench.say(`${series.name}: ${subject}: ${perSecond(result).toFixed(0)}/s`);
      results.set(subject, [...(results.get(subject) ?? []), result]);
    }
  }
  return { series, bySubject: results };
}

async function measure(bench: Bench, series: Series, subject: Subject): Promise<Measurement> {
  const { world, requestPems, folder } = bench;
  const authority = await bench.authority();
  const { load, floorLoad = load } = series;
  switch (subject) {
    case 'istio-ra, a token per caller':
      return measureAuthority(world, authority, { load, callers: 'own-tokens' });
    case "istio-ra, a node agent's token":
      return measureAuthority(world, authority, { load, callers: 'node-agent' });
    case 'floor, deleting at once':
      return measureFloor(world, { load: floorLoad, deletion: 'at-once', requestPems, folder });
    case 'floor, deleting afterwards':
      return measureFloor(world, { load: floorLoad, deletion: 'deferred', requestPems, folder });
  }
}

/** Certificates a second, until the last object was gone. */
export function perSecond({ certificates, goneMs }: Measurement): number {
  return (certificates / goneMs) * 1000;
}

/** Certificates a second, until the last answer. */
export function answeredPerSecond({ certificates, answeredMs }: Measurement): number {
  return (certificates / answeredMs) * 1000;
}

/** The median of one figure over the rounds; NaN where the subject was not measured. */
export function figure(
  result: SeriesResult,
  subject: Subject,
  of: (measurement: Measurement) => number,
): number {
  return median((result.bySubject.get(subject) ?? []).map(of));
}

/** The median of the rounds' own ratios of one subject to another. */
export function ratio(
  result: SeriesResult,
  [subject, to]: readonly [Subject, Subject],
  of: (measurement: Measurement) => number,
): number {
  const [above, below] = [result.bySubject.get(subject) ?? [], result.bySubject.get(to) ?? []];
  return median(
    above.flatMap((measurement, at) => {
      const other = below[at];
      return other === undefined ? [] : [of(measurement) / of(other)];
    }),
  );
}
