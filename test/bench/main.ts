import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endOnSignal } from '../e2e/runner/end-on-signal.ts';
import { ensureTools } from '../e2e/stack/tools.ts';
import { BarRuns } from './bar-runs.ts';
import { Bench } from './bench.ts';
import type { PartResult } from './bench-part.ts';
import type { BenchWorld } from './bench-world.ts';
import { plan, selected, type PlanOptions } from './plan.ts';
import { RealWorld } from './real-world.ts';
import { report } from './report.ts';
import { makeRequestPems } from './request-pems.ts';
import { SandboxWorld } from './sandbox/sandbox-world.ts';
import { verdict } from './verdict.ts';

/** Keys for the floor; it uses them again and again. */
const requestCount = 64;

/** `make bench` and `make bench-real`: istio-ra beside the floor. Returns the exit status. */
async function main(options: PlanOptions & { readonly only: string }): Promise<number> {
  const parts = selected(plan(options), options.only);
  const tools = await ensureTools({ log: say, withoutEnvoy: () => undefined });
  const world: BenchWorld =
    options.kind === 'real'
      ? await RealWorld.start(tools, say)
      : await SandboxWorld.start(tools.agentlike);
  const folder = mkdtempSync(join(tmpdir(), 'istio-ra-bench-files-'));
  const { kind, isShort } = options;
  const startAnother = (): Promise<RealWorld> => RealWorld.start(tools, say);
  const requestPems = await makeRequestPems(requestCount);
  const bench = new Bench({ world, startAnother, requestPems, folder, isShort, say });
  isEnding = endOnSignal(() => bench.stop());
  try {
    say(`on ${world.description}`);
    const results = new Map<string, PartResult>();
    const runs = new BarRuns((part) => part.run(bench));
    for (const part of parts) results.set(part.name, await runs.run(part));
    report({ kind, isShort, on: world.description, parts: results, say });
    if (!isShort) return 0;
    return await verdict(runs, {
      recorded: recordedRatios(kind),
      isWhole: options.only === '',
      say,
    });
  } finally {
    await bench.stop();
    rmSync(folder, { recursive: true });
  }
}

function recordedRatios(kind: PlanOptions['kind']): Readonly<Record<string, number>> {
  const text = readFileSync(join(import.meta.dirname, 'recorded-ratios.json'), 'utf8');
  return (JSON.parse(text) as Record<PlanOptions['kind'], Record<string, number>>)[kind];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

let isEnding: () => boolean = () => false;
const [kind = ''] = process.argv.slice(2);
if (kind !== 'real' && kind !== 'sandbox')
  throw new Error('say what to measure on: real or sandbox');
const { BENCH, BENCH_ONLY: only = '' } = process.env;
const status = await main({ kind, isShort: BENCH === 'short', only });
if (!isEnding()) process.exitCode = status;
