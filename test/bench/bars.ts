import { answeredPerSecond, figure, perSecond, ratio, type SeriesResult } from './series.ts';

/** One promise, what was measured, and whether it is kept. */
export interface BarResult {
  readonly bar: string;
  readonly measured: number;
  readonly wanted: number;
  /** Whether more is better. */
  readonly atLeast: boolean;
  /** Holds on any machine, so that a shorter run may judge by it. */
  readonly isRatio: boolean;
  /** What a busy machine may spoil: a ratio of times, and no count. */
  readonly isOfTimes?: true;
}

export function isMet({ measured, wanted, atLeast }: BarResult): boolean {
  return atLeast ? measured >= wanted : measured <= wanted;
}

const own = 'istio-ra, a token per caller';
const node = "istio-ra, a node agent's token";
const floor = 'floor, deleting at once';
const deferred = 'floor, deleting afterwards';

const callsOf = (measurement: {
  readonly callsPerCertificate: Readonly<Record<string, number>>;
}): number => Object.values(measurement.callsPerCertificate).reduce((sum, count) => sum + count, 0);

/** What a certificate may cost us at 50 callers: with everything real, and with a signer that signs at once. */
const maxCpuMs = { real: 3, sandbox: 2 } as const;

/** Those for callers that keep their connection. */
export function steadyBars(kind: 'real' | 'sandbox'): (result: SeriesResult) => BarResult[] {
  return (result) => [...throughputBars(result), ...cpuBars(result, maxCpuMs[kind])];
}

function throughputBars(result: SeriesResult): BarResult[] {
  const { name } = result.series;
  const ofTimes = { atLeast: true, isRatio: true, isOfTimes: true } as const;
  return [
    {
      bar: `${name}: certificates/s to the floor's, a token per caller`,
      measured: ratio(result, [own, floor], perSecond),
      wanted: 0.9,
      ...ofTimes,
    },
    {
      bar: `${name}: certificates/s to the floor's, a node agent's token`,
      measured: ratio(result, [node, floor], perSecond),
      wanted: 1,
      ...ofTimes,
    },
    {
      bar: `${name}: calls per certificate, a token per caller`,
      measured: figure(result, own, callsOf),
      wanted: 4.05,
      ...{ atLeast: false, isRatio: true },
    },
  ];
}

function cpuBars(result: SeriesResult, wanted: number): BarResult[] {
  const { name, load } = result.series;
  if (load.callers !== 50) return [];
  return [
    {
      bar: `${name}: CPU ms per certificate`,
      measured: figure(result, own, (m) => m.cpuMsPerCertificate),
      wanted,
      ...{ atLeast: false, isRatio: false },
    },
  ];
}

/** Those for one caller: what is added to the time that cannot be saved. */
export function singleCallerBars(result: SeriesResult): BarResult[] {
  const p50 = (m: { readonly p50Ms: number }): number => m.p50Ms;
  return [
    {
      bar: `${result.series.name}: ms above the floor's p50, review cached`,
      measured: figure(result, node, p50) - figure(result, floor, p50),
      wanted: 5,
      ...{ atLeast: false, isRatio: false },
    },
  ];
}

/** Those for many at once. */
export function burstBars(result: SeriesResult): BarResult[] {
  const isWhole = result.bySubject.has(deferred);
  return [
    {
      bar: `${result.series.name}: answers/s to the floor's`,
      measured: ratio(result, [node, floor], answeredPerSecond),
      wanted: 1.15,
      ...{ atLeast: true, isRatio: true, isOfTimes: true },
    },
    ...(isWhole ? [deferredBar(result)] : []),
  ];
}

function deferredBar(result: SeriesResult): BarResult {
  return {
    bar: `${result.series.name}: answers/s to those of the floor that deletes afterwards`,
    measured: ratio(result, [node, deferred], answeredPerSecond),
    wanted: 0.9,
    ...{ atLeast: true, isRatio: true, isOfTimes: true },
  };
}

export function stormBars(result: SeriesResult): BarResult[] {
  return [
    {
      bar: `${result.series.name}: failures`,
      measured: figure(result, own, (m) => m.failures),
      wanted: 0,
      ...{ atLeast: false, isRatio: true },
    },
    {
      bar: `${result.series.name}: time to the floor's for as many at 200 callers`,
      measured: ratio(result, [own, floor], (m) => m.answeredMs),
      wanted: 1,
      ...{ atLeast: false, isRatio: true, isOfTimes: true },
    },
    {
      bar: `${result.series.name}: most resident memory, MiB`,
      measured: figure(result, own, (m) => m.residentMiB?.peak ?? NaN),
      wanted: 220,
      ...{ atLeast: false, isRatio: false },
    },
  ];
}
