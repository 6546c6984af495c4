import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from '../../e2e/stack/process-usage.ts';
import type { BarResult } from '../bars.ts';
import type { Bench } from '../bench.ts';
import type { BenchPart } from '../bench-part.ts';
import type { MeasuredAuthority } from '../bench-world.ts';
import { measureAuthority, type Load, type Measurement } from '../measure.ts';
import { median } from '../quantile.ts';
import { RealWorld } from '../real-world.ts';
import { costAt, type Cost, type ModelInputs } from './cluster-model.ts';
import { forecastTable } from './forecast-table.ts';

const idleMs = 10_000;
const rounds = 3;
/** What the model is checked at; each for some ten seconds. */
const checkedRates = [10, 30];
const single: Load = { callers: 1, total: 400 };
const max: Load = { callers: 50, total: 1_000 };
const restart: Load = { callers: 200, total: 2_000 };
/** How far what the model says may be from what is measured, of either. */
const maxError = 0.2;

/** The inputs of the model, and what it says against what is measured. */
export const modelPart: BenchPart = {
  name: 'a model of a cluster',
  run: async (bench) => {
    const authority = await bench.startWarm('modelled');
    const trials: Trial[] = [];
    for (let round = 0; round < rounds; round += 1) trials.push(await tryOnce(bench, authority));
    const signerCalls = await signerCallsPerCertificate(bench, authority);
    await authority.stop();
    const inputs = { ...inputsOf(trials), signerCalls };
    const checks = checksOf(inputs, trials);
    bench.say(`inputs of the model: ${JSON.stringify(inputs)}`);
    return {
      bars: checks.map(barOf),
      table: [checkTable(checks), forecastTable(inputs)].join('\n\n'),
      figures: { inputs, checks },
    };
  },
};

/** All that the model is made of and checked by, one after the other. */
interface Trial {
  readonly idle: Cost;
  readonly single: Measurement;
  readonly max: Measurement;
  readonly restart: Measurement;
  readonly atRates: readonly Measurement[];
}

interface Check {
  readonly what: string;
  readonly predicted: number;
  readonly measured: number;
}

async function tryOnce({ world, say }: Bench, authority: MeasuredAuthority): Promise<Trial> {
  const measure = (load: Load): Promise<Measurement> =>
    measureAuthority(world, authority, { load, callers: 'own-tokens' });
  const usage = (): Cost => ({ ownMs: cpuMs(authority.pid), apiServerMs: world.apiServerCpuMs() });
  const before = usage();
  await sleep(idleMs);
  const after = usage();
  const idle = {
    ownMs: (after.ownMs - before.ownMs) / (idleMs / 1_000),
    apiServerMs: (after.apiServerMs - before.apiServerMs) / (idleMs / 1_000),
  };
  const trial = { idle, single: await measure(single), max: await measure(max) };
  const atRates: Measurement[] = [];
  for (const rate of checkedRates) {
    atRates.push(await measure({ callers: 20, total: rate * 10, rate }));
  }
  const told = [idle.ownMs, trial.single.cpuMsPerCertificate].map((ms) => ms.toFixed(1));
  say(`idle: ${told[0] ?? ''} ms of CPU a second; 1 caller: ${told[1] ?? ''} ms per certificate`);
  return { ...trial, atRates, restart: await measure(restart) };
}

async function signerCallsPerCertificate(
  { world }: Bench,
  authority: MeasuredAuthority,
): Promise<number> {
  if (!(world instanceof RealWorld))
    throw new Error('only the real signers call a real API server');
  const mark = world.mark();
  const { certificates } = await measureAuthority(world, authority, {
    load: max,
    callers: 'own-tokens',
  });
  const calls = [...world.signerCalls(mark).values()].reduce((sum, count) => sum + count, 0);
  return calls / certificates;
}

function inputsOf(trials: readonly Trial[]): Omit<ModelInputs, 'signerCalls'> {
  const middle = (of: (trial: Trial) => number): number => median(trials.map(of));
  const idle = {
    ownMs: middle((trial) => trial.idle.ownMs),
    apiServerMs: middle((trial) => trial.idle.apiServerMs),
  };
  const secondsEach = middle(({ single: one }) => one.goneMs / 1_000 / one.certificates);
  return {
    idle,
    single: {
      ownMs: middle((trial) => trial.single.cpuMsPerCertificate) - idle.ownMs * secondsEach,
      apiServerMs:
        middle((trial) => trial.single.apiServerCpuMsPerCertificate) -
        idle.apiServerMs * secondsEach,
    },
    maxPerSecond: middle((trial) => ratePerSecond(trial.max)),
  };
}

function ratePerSecond({ certificates, goneMs }: Measurement): number {
  return (certificates / goneMs) * 1_000;
}

function checksOf(inputs: Omit<ModelInputs, 'signerCalls'>, trials: readonly Trial[]): Check[] {
  const middle = (of: (trial: Trial) => number): number => median(trials.map(of));
  const atRates = checkedRates.flatMap((rate, at) => {
    const measured = (of: (measurement: Measurement) => number): number =>
      middle(({ atRates: all }) => {
        const found = all[at];
        return found === undefined ? NaN : of(found) * ratePerSecond(found);
      });
    const reached = measured(() => 1);
    const predicted = costAt(inputs, reached);
    return [
      {
        what: `own CPU ms a second at ${rate}/s`,
        predicted: predicted.ownMs,
        measured: measured((m) => m.cpuMsPerCertificate),
      },
      {
        what: `API server's CPU ms a second at ${rate}/s`,
        predicted: predicted.apiServerMs,
        measured: measured((m) => m.apiServerCpuMsPerCertificate),
      },
    ];
  });
  const { total = NaN, callers } = restart;
  return [
    ...atRates,
    {
      what: `seconds for ${total} at ${callers} callers`,
      predicted: total / inputs.maxPerSecond,
      measured: middle((trial) => trial.restart.goneMs / 1_000),
    },
  ];
}

function barOf({ what, predicted, measured }: Check): BarResult {
  return {
    bar: `the model's error: ${what}`,
    measured: Math.abs(predicted / measured - 1),
    wanted: maxError,
    ...{ atLeast: false, isRatio: true },
  };
}

function checkTable(checks: readonly Check[]): string {
  const rows = checks.map(
    ({ what, predicted, measured }) =>
      `| ${what} | ${predicted.toFixed(0)} | ${measured.toFixed(0)} |`,
  );
  return ['| what | the model says | measured |', '| --- | --- | --- |', ...rows].join('\n');
}
