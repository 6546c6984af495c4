import { answeredPerSecond, figure, perSecond, type SeriesResult, type Subject } from './series.ts';

const columns = [
  'load',
  'subject',
  'cert/s',
  'answered/s',
  'p50 ms',
  'p90 ms',
  'p99 ms',
  'CPU ms',
  'API CPU ms',
  'calls',
  'failed',
] as const;

/** One row for each load and subject, medians of the rounds, as Markdown. */
export function resultTable(results: readonly SeriesResult[]): string {
  const rows = results.flatMap((result) =>
    [...result.bySubject.keys()].map((subject) => rowOf(result, subject)),
  );
  return [columns, columns.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function rowOf(result: SeriesResult, subject: Subject): string[] {
  const of = (read: Parameters<typeof figure>[2], digits = 1): string =>
    figure(result, subject, read).toFixed(digits);
  const calls = (measurement: Parameters<Parameters<typeof figure>[2]>[0]): number =>
    Object.values(measurement.callsPerCertificate).reduce((sum, count) => sum + count, 0);
  return [
    result.series.name,
    subject,
    of(perSecond),
    of(answeredPerSecond),
    of((m) => m.p50Ms),
    of((m) => m.p90Ms),
    of((m) => m.p99Ms),
    of((m) => m.cpuMsPerCertificate, 2),
    of((m) => m.apiServerCpuMsPerCertificate, 2),
    subject.startsWith('floor') ? '3.00' : of(calls, 2),
    of((m) => m.failures, 0),
  ];
}
