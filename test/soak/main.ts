import { setTimeout as sleep } from 'node:timers/promises';
import { describeLoad } from '../e2e/faults/fault-world.ts';
import { endOnSignal } from '../e2e/runner/end-on-signal.ts';
import { runLoad } from '../e2e/stack/agent.ts';
import type { LoadReport } from '../e2e/stack/agent.ts';
import { ensureCached } from '../e2e/stack/tool-cache.ts';
import { agentlikeRecipe } from '../e2e/stack/tool-recipes.ts';
import { Random } from '../fuzz/runner/random.ts';
import { runGoodTenant, runLoads } from './clients.ts';
import type { GoodRequest, LoadReports } from './clients.ts';
import { examples, judgeAccounts, judgeGoodTenant, judgeSlopes } from './judgement.ts';
import type { Check } from './judgement.ts';
import { Sampler } from './sampler.ts';
import { readSoakSettings } from './soak-settings.ts';
import type { SoakSettings } from './soak-settings.ts';
import { SoakWorld } from './soak-world.ts';
import { troubledTenants } from './tenants.ts';
import { Trails, verifyTrail } from './trails.ts';
import { TroubleMaker } from './trouble-maker.ts';

/** Circuits that were opened ask again every few seconds. */
const healWithinMs = 60_000;
/** What the reaper promises. */
const orphansGoneMs = 120_000;

/** `make soak`: a steady load while everything around fails now and then. Returns the exit status. */
async function main(): Promise<number> {
  const settings = readSoakSettings(process.env);
  say(`seed ${settings.seed} (SOAK_SEED), ${settings.durationMs / 1000} s (SOAK_SECONDS)`);
  const agentlike = `${await ensureCached(agentlikeRecipe, say)}/${agentlikeRecipe.name}`;
  const world = await SoakWorld.start(agentlike);
  isEnding = endOnSignal(() => world.stop());
  say(`logs and files: ${world.folder}`);
  let checks: readonly Check[] = [];
  try {
    checks = await soak(world, settings);
  } finally {
    await world.stop();
  }
  say(tableOf(checks));
  const failures = checks.filter(({ holds }) => !holds);
  say(`\n${checks.length - failures.length} hold, ${failures.length} do not`);
  if (failures.length > 0) return 1;
  world.remove();
  return 0;
}

async function soak(world: SoakWorld, settings: SoakSettings): Promise<readonly Check[]> {
  const trouble = new TroubleMaker(world);
  const sampler = new Sampler(world);
  const { pid } = world.steady.ra;
  const { loads, good } = await underLoad(world, settings, { trouble, sampler });
  const healing = await heal(world);
  const left = await judgeObjects(sampler);
  const samePid = world.steady.ra.isRunning && world.steady.ra.pid === pid;
  const statuses = await world.endReplicas();
  await sampler.collect();
  for (const line of sampler.story()) say(line);
  for (const [name, count] of trouble.counts()) say(`  ${String(count).padStart(4)} x ${name}`);
  for (const [name, report] of Object.entries(loads)) say(`${name}: ${describeLoad(report)}`);
  const trails = await Trails.read(world.auditFiles);
  say(`outcomes in the trails: ${JSON.stringify(Object.fromEntries(trails.outcomes))}`);
  return [
    {
      name: 'the steady replica ran all the time, and both end with status 0',
      found: `${samePid ? 'it did' : 'it did not'}, ${statuses.join(' and ')}`,
      holds: samePid && statuses.every((status) => status === 0),
    },
    judgeGoodTenant(good, trouble),
    judgeHealing(healing),
    left,
    ...(await judgeTrails(world)),
    ...judgeAccounts({ loads: { ...loads, ...healing }, good, trails, sampler }),
    ...judgeSlopes(sampler, settings),
  ];
}

/** The load, the tenant beside, the trouble and the samples, all for as long as the load lasts. */
async function underLoad(
  world: SoakWorld,
  settings: SoakSettings,
  { trouble, sampler }: { readonly trouble: TroubleMaker; readonly sampler: Sampler },
): Promise<{ readonly loads: LoadReports; readonly good: readonly GoodRequest[] }> {
  const over = new AbortController();
  const beside = Promise.all([
    trouble.run(new Random(settings.seed), over.signal),
    sampler.run(settings.sampleEveryMs, over.signal),
    runGoodTenant(world, over.signal),
  ]);
  const broken = new AbortController();
  // A trouble that cannot be made ends the run at once.
  beside.catch(() => broken.abort());
  const loads = runLoads(world, settings, broken.signal).finally(() => over.abort());
  const [counted, [, , good]] = await Promise.all([loads, beside]);
  return { loads: counted, good };
}

type Healing = Readonly<Record<string, LoadReport>>;

/** Asks for each troubled tenant, now that nothing is wrong, until all are served or time is up. */
async function heal(world: SoakWorld): Promise<Healing> {
  const reports: Record<string, LoadReport> = {};
  const count = troubledTenants.length;
  const end = performance.now() + healWithinMs;
  for (let at = 1; performance.now() < end; at += 1) {
    const report = await runLoad(world.agentlike, {
      ...{ ...world.client(), callers: count, total: count },
      ...{ tokenDir: world.file('tokens/troubled'), certSigner: '{namespace}' },
    });
    reports[`healing ${at}`] = report;
    if (report.ok === count) break;
    await sleep(1_000);
  }
  return reports;
}

function judgeHealing(healing: Healing): Check {
  const rounds = Object.values(healing);
  const last = rounds.at(-1);
  const seconds = rounds.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0) / 1000;
  return {
    name: 'every tenant is served again once nothing is wrong',
    found: `${last?.ok ?? 0} of ${last?.requests ?? 0} in round ${rounds.length}, ${seconds.toFixed(1)} s of asking`,
    holds: last !== undefined && last.ok === last.requests,
  };
}

/**
 * An approved object is kept for a client that comes back, one that nobody knows of until it counts as
 * an orphan; after that nothing of ours may be left.
 */
async function judgeObjects(sampler: Sampler): Promise<Check> {
  const end = performance.now() + orphansGoneMs;
  let left = await sampler.collect();
  while (left.length > 0 && performance.now() < end) {
    await sleep(500);
    left = await sampler.collect();
  }
  const whats = left.map(({ ageMs, what }) => `${what} (${(ageMs / 1000).toFixed(0)} s)`);
  return {
    name: `no object of ours is left, ${orphansGoneMs / 1000} s after the last request at most`,
    found: `${left.length} left after ${((orphansGoneMs - end + performance.now()) / 1000).toFixed(0)} s${examples(whats)}`,
    holds: left.length === 0,
  };
}

async function judgeTrails({ program, auditFiles }: SoakWorld): Promise<readonly Check[]> {
  const verdicts = await Promise.all(auditFiles.map((trail) => verifyTrail(program, trail)));
  return verdicts.map(({ isIntact, verdict }, at) => ({
    name: `the trail of replica ${at + 1} is intact and complete`,
    found: verdict,
    holds: isIntact,
  }));
}

function tableOf(checks: readonly Check[]): string {
  const rows = checks.map(({ name, found, holds }) => [holds ? 'ok' : 'FAIL', name, found]);
  return ['', '|   | what must hold | found |', '| --- | --- | --- |']
    .concat(rows.map((cells) => `| ${cells.join(' | ')} |`))
    .join('\n');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

let isEnding: () => boolean = () => false;
const status = await main();
if (!isEnding()) process.exitCode = status;
