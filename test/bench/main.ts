import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureTools } from '../e2e/stack/tools.ts';
import { endOnSignal } from '../e2e/runner/end-on-signal.ts';
import {
  burstBars,
  isMet,
  singleCallerBars,
  steadyBars,
  stormBars,
  type BarResult,
} from './bars.ts';
import type { BenchWorld } from './bench-world.ts';
import { measureAuthority } from './measure.ts';
import { barChart } from './plot.ts';
import { residentMiB } from '../e2e/stack/process-usage.ts';
import { median } from './quantile.ts';
import { RealWorld } from './real-world.ts';
import { makeRequestPems } from './request-pems.ts';
import { resultTable } from './result-table.ts';
import { SandboxWorld, stepsOf } from './sandbox/sandbox-world.ts';
import {
  figure,
  perSecond,
  runSeries,
  type Bench,
  type Series,
  type SeriesResult,
} from './series.ts';

const repository = join(import.meta.dirname, '..', '..');
const all = [
  'floor, deleting at once',
  'istio-ra, a token per caller',
  "istio-ra, a node agent's token",
] as const;
/** Keys for the floor; it uses them again and again. */
const requestCount = 64;
/** A ratio may fall by so much below the recorded one before the short form fails. */
const mostLoss = 1 / 3;

interface Run {
  readonly kind: 'real' | 'sandbox';
  readonly isShort: boolean;
}

/** `make bench` and `make bench-real`: istio-ra beside the floor. Returns the exit status. */
async function main(run: Run): Promise<number> {
  const { agentlike, ...rest } = await ensureTools({ log: say, withoutEnvoy: () => undefined });
  const world: BenchWorld =
    run.kind === 'real'
      ? await RealWorld.start({ agentlike, ...rest }, say)
      : await SandboxWorld.start(agentlike);
  const folder = mkdtempSync(join(tmpdir(), 'istio-ra-bench-files-'));
  isEnding = endOnSignal(() => world.stop());
  try {
    return await measureAll(run, world, folder);
  } finally {
    await world.stop();
    rmSync(folder, { recursive: true });
  }
}

async function measureAll(run: Run, world: BenchWorld, folder: string): Promise<number> {
  say(`on ${world.description}`);
  const bars: BarResult[] = [...(await startUp(run, world))];
  const authority = await world.startAuthority('measured');
  const requestPems = await makeRequestPems(requestCount);
  const bench: Bench = { world, authority, requestPems, folder, say };
  // Nobody's code is compiled at the first calls, ours, Node's or the API server's.
  await measureAuthority(world, authority, {
    load: { callers: 20, total: run.isShort ? 200 : 1_000 },
    callers: 'own-tokens',
  });
  const results: SeriesResult[] = [];
  for (const { series, judge } of plan(run)) {
    const result = await runSeries(bench, series);
    results.push(result);
    bars.push(...judge(result));
  }
  if (!run.isShort) bars.push(await memoryAfterwards(authority.pid));
  await authority.stop();
  const steps = world instanceof SandboxWorld ? stepTable(world.auditFile('measured')) : '';
  report(run, { world, results, bars, steps });
  return verdict(run, bars);
}

function plan({
  kind,
  isShort,
}: Run): { series: Series; judge: (r: SeriesResult) => BarResult[] }[] {
  const rounds = isShort ? 1 : 3;
  const durationMs = isShort ? 6_000 : 20_000;
  const many = isShort ? 400 : 1_000;
  const steady = (callers: number): Series => ({
    name: `${callers} ${callers === 1 ? 'caller' : 'callers'}`,
    load: { callers, durationMs },
    rounds,
    subjects: all,
  });
  const burst: Series = {
    name: `burst of ${many}`,
    load: { callers: 200, total: many },
    rounds,
    subjects: [...all, 'floor, deleting afterwards'],
  };
  const storm: Series = {
    name: `storm of ${many} new connections`,
    load: { callers: many / 2, total: many, newConnections: true },
    floorLoad: { callers: 200, total: many },
    rounds,
    subjects: ['floor, deleting at once', 'istio-ra, a token per caller'],
  };
  return [
    { series: steady(1), judge: kind === 'real' ? singleCallerBars : () => [] },
    ...(isShort ? [] : [{ series: steady(10), judge: steadyBars }]),
    { series: steady(50), judge: steadyBars },
    ...(isShort ? [] : [{ series: steady(200), judge: steadyBars }]),
    { series: burst, judge: burstBars },
    { series: storm, judge: stormBars },
  ];
}

/** From the start of the process to the first 200 of /ready, and what it holds then. */
async function startUp({ isShort }: Run, world: BenchWorld): Promise<BarResult[]> {
  const ready: number[] = [];
  const idle: number[] = [];
  for (let at = 0; at < (isShort ? 2 : 5); at += 1) {
    const authority = await world.startAuthority(`start-${at}`);
    ready.push(authority.readyMs);
    await sleep(1_000);
    idle.push(residentMiB(authority.pid).now);
    await authority.stop();
  }
  return [
    {
      bar: 'ms from start to ready, certificate from a file',
      measured: median(ready),
      wanted: 600,
      ...{ atLeast: false, isRatio: false },
    },
    {
      bar: 'resident memory when idle, MiB',
      measured: median(idle),
      wanted: 110,
      ...{ atLeast: false, isRatio: false },
    },
  ];
}

async function memoryAfterwards(pid: number): Promise<BarResult> {
  say('a minute without a request');
  await sleep(60_000);
  return {
    bar: 'resident memory a minute after the storm, MiB',
    measured: residentMiB(pid).now,
    wanted: 150,
    ...{ atLeast: false, isRatio: false },
  };
}

function stepTable(auditFile: string): string {
  const rows = [...stepsOf(auditFile)].map(
    ([step, values]) => `| ${step} | ${median(values).toFixed(2)} |`,
  );
  return ['| step | ms at p50 |', '| --- | --- |', ...rows].join('\n');
}

function report(
  { kind, isShort }: Run,
  parts: {
    readonly world: BenchWorld;
    readonly results: readonly SeriesResult[];
    readonly bars: readonly BarResult[];
    readonly steps: string;
  },
): void {
  const { world, results, bars, steps } = parts;
  const out = join(repository, '.cache', 'bench');
  mkdirSync(out, { recursive: true });
  const table = resultTable(results);
  const raw = results.map(({ series, bySubject }) => ({
    series,
    ...Object.fromEntries(bySubject),
  }));
  const json = { kind, isShort, on: world.description, bars, results: raw };
  writeFileSync(join(out, `${kind}.json`), `${JSON.stringify(json, undefined, 2)}\n`);
  writeFileSync(join(out, `${kind}.md`), `${table}\n\n${steps}\n`);
  writeFileSync(join(out, `${kind}.svg`), chartOf(results));
  say(`\n${table}\n`);
  if (steps !== '') say(`${steps}\n`);
  for (const bar of bars) {
    const sign = bar.atLeast ? '>=' : '<=';
    const mark = isMet(bar) ? 'met ' : 'MISS';
    say(`${mark} ${bar.bar}: ${bar.measured.toFixed(2)} (${sign} ${bar.wanted})`);
  }
  say(`\nwritten to .cache/bench/${kind}.{json,md,svg}`);
}

function chartOf(results: readonly SeriesResult[]): string {
  const groups = results.map((result) => ({
    label: result.series.name,
    bars: [...result.bySubject.keys()].map((subject) => ({
      label: subject,
      value: figure(result, subject, perSecond),
      ours: subject.startsWith('istio-ra'),
    })),
  }));
  return barChart('Certificates a second until the last object is gone', 'medians', groups);
}

/** A short run is judged by the ratios that are on record: another machine has other times. */
function verdict({ kind, isShort }: Run, bars: readonly BarResult[]): number {
  if (!isShort) return 0;
  const recorded = JSON.parse(
    readFileSync(join(import.meta.dirname, 'recorded-ratios.json'), 'utf8'),
  ) as Record<string, Record<string, number>>;
  let status = 0;
  for (const bar of bars.filter(({ isRatio }) => isRatio)) {
    const before = recorded[kind]?.[bar.bar];
    if (before === undefined) continue;
    const bound = bar.atLeast ? before * (1 - mostLoss) : before * (1 + mostLoss);
    const holds = bar.atLeast ? bar.measured >= bound : bar.measured <= bound;
    say(`${holds ? 'holds' : 'FELL '} ${bar.bar}: ${bar.measured.toFixed(2)}, on record ${before}`);
    if (!holds) status = 1;
  }
  return status;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

let isEnding: () => boolean = () => false;
const [kind = ''] = process.argv.slice(2);
if (kind !== 'real' && kind !== 'sandbox')
  throw new Error('say what to measure on: real or sandbox');
const status = await main({ kind, isShort: process.env['BENCH'] === 'short' });
if (!isEnding()) process.exitCode = status;
