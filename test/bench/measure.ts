import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, type LoadReport } from '../e2e/stack/agent.ts';
import { mustRun } from '../e2e/stack/run-command.ts';
import type { BenchWorld, Callers, MeasuredAuthority } from './bench-world.ts';
import type { FloorOptions, FloorReport } from './floor/floor-options.ts';
import { cpuMs, residentMiB } from '../e2e/stack/process-usage.ts';

/** How much is asked for, by how many at once. */
export interface Load {
  readonly callers: number;
  /** Either so many requests, or requests for so long. */
  readonly total?: number;
  readonly durationMs?: number;
  readonly newConnections?: boolean;
  /** Requests to begin each second at most; as fast as they are answered where absent. */
  readonly rate?: number;
}

/** One measurement of istio-ra or of the floor. Times are milliseconds. */
export interface Measurement {
  readonly certificates: number;
  readonly failures: number;
  /** Until the last answer. */
  readonly answeredMs: number;
  /** Until the last object was gone. */
  readonly goneMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPerCertificate: number;
  readonly apiServerCpuMsPerCertificate: number;
  /** What the retries of the clients met, by gRPC code; empty for the floor. */
  readonly attemptCodes: Readonly<Record<string, number>>;
  /** Calls to the API server, per certificate; empty for the floor, which makes four. */
  readonly callsPerCertificate: Readonly<Record<string, number>>;
  readonly residentMiB?: { readonly now: number; readonly peak: number };
}

const goneWithinMs = 120_000;
const lookEveryMs = 50;

/** Lets `authority` work under a load, until the last of its objects is gone. */
export async function measureAuthority(
  world: BenchWorld,
  authority: MeasuredAuthority,
  { load, callers }: { readonly load: Load; readonly callers: Callers },
): Promise<Measurement> {
  const { pid } = authority;
  // Somebody else's calls, such as the floor's, are behind this mark.
  await awaitGone(world);
  const mark = world.mark();
  const before = { own: cpuMs(pid), api: world.apiServerCpuMs() };
  const report = await ask(world, authority, { load, callers });
  // The load's own clock starts when its keys are made.
  const answeredAt = performance.now();
  await awaitGone(world);
  const goneMs = report.elapsedMs + (performance.now() - answeredAt);
  const own = cpuMs(pid) - before.own;
  const api = world.apiServerCpuMs() - before.api;
  return measurementOf(report, { goneMs, own, api, calls: world.calls(mark), pid });
}

/** Runs the load and no more. */
export function ask(
  { agentlike, rootFile, serverName, tokenDir, nodeAgent }: BenchWorld,
  { address }: Pick<MeasuredAuthority, 'address'>,
  { load, callers }: { readonly load: Load; readonly callers: Callers },
): Promise<LoadReport> {
  const who =
    callers === 'own-tokens'
      ? { tokenDir, certSigner: '{namespace}' }
      : { as: 'ztunnel' as const, ...nodeAgent };
  const common = { address, rootFile, serverName, key: 'p256' as const };
  return runLoad(agentlike, { ...common, ...who, ...load });
}

function measurementOf(
  report: LoadReport,
  parts: {
    readonly goneMs: number;
    readonly own: number;
    readonly api: number;
    readonly calls: ReadonlyMap<string, number>;
    readonly pid: number;
  },
): Measurement {
  const { ok } = report;
  const perCertificate = [...parts.calls].map(([call, count]) => [call, count / ok] as const);
  return {
    certificates: ok,
    failures: report.requests - ok,
    answeredMs: report.elapsedMs,
    goneMs: parts.goneMs,
    p50Ms: report.okMs?.p50 ?? NaN,
    p90Ms: report.okMs?.p90 ?? NaN,
    p99Ms: report.okMs?.p99 ?? NaN,
    cpuMsPerCertificate: parts.own / ok,
    apiServerCpuMsPerCertificate: parts.api / ok,
    attemptCodes: report.attemptCodes,
    callsPerCertificate: Object.fromEntries(perCertificate),
    residentMiB: residentMiB(parts.pid),
  };
}

/** Waits until no object of istio-ra is left. */
export async function awaitGone(world: BenchWorld): Promise<void> {
  const start = performance.now();
  while ((await world.objectsLeft()) > 0) {
    if (performance.now() - start > goneWithinMs) throw new Error('objects are left behind');
    await sleep(lookEveryMs);
  }
}

/** The same load without an authority, from a process of its own. */
export async function measureFloor(
  world: BenchWorld,
  options: {
    readonly load: Load;
    readonly deletion: FloorOptions['deletion'];
    readonly requestPems: readonly string[];
    readonly folder: string;
  },
): Promise<Measurement> {
  const { load, deletion, requestPems, folder } = options;
  const { callers, total, durationMs } = load;
  const floor: FloorOptions = {
    ...world.floor,
    ...{ requestPems, callers, deletion },
    ...(total === undefined ? {} : { total }),
    ...(durationMs === undefined ? {} : { durationMs }),
  };
  const file = join(folder, 'floor.json');
  writeFileSync(file, JSON.stringify(floor));
  const api = world.apiServerCpuMs();
  const program = join(import.meta.dirname, 'floor', 'floor.ts');
  const printed = await mustRun(process.execPath, ['--no-warnings', program, file]);
  const report = JSON.parse(printed) as FloorReport;
  return {
    ...report,
    apiServerCpuMsPerCertificate: (world.apiServerCpuMs() - api) / report.certificates,
    attemptCodes: {},
    callsPerCertificate: {},
  };
}
