import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endOnSignal } from '../e2e/runner/end-on-signal.ts';
import { findTools } from '../e2e/runner/find-tools.ts';
import { Suite, type Step } from '../e2e/runner/suite.ts';
import { Processes } from '../e2e/stack/process.ts';
import { attackSteps } from './attack-steps.ts';
import { ChaosWorld } from './chaos-world.ts';
import { idleSteps } from './idle-steps.ts';
import { killSteps } from './kill-steps.ts';
import { chooseSteps } from './choose-steps.ts';
import { loadSteps } from './load-steps.ts';
import { outageStep } from './outage-step.ts';

/** How hard it comes. A hundred requests have a p99 that is one request: the short form finds what broke. */
const sizes = {
  long: {
    ...{ killingMs: 90_000, clients: 2_000, maxSlower: 2, idle: 10_000 },
    ...{ awayMs: 60_000, attackMs: 4_000 },
  },
  short: {
    ...{ killingMs: 25_000, clients: 500, maxSlower: 4, idle: 1_000 },
    ...{ awayMs: 15_000, attackMs: 1_000 },
  },
} as const;

/** `make chaos`: what must not be lost, on real parts, while they fail. Returns the exit status. */
async function main(): Promise<number> {
  const { tools, missing } = await findTools(say);
  if (tools === undefined) throw new Error([...missing.values()].join('; '));
  const dir = mkdtempSync(join(tmpdir(), 'istio-ra-chaos-'));
  const processes = new Processes({ logDir: join(dir, 'logs'), pidFile: join(dir, 'pids') });
  isEnding = endOnSignal(() => processes.stopAll());
  say(`logs and files: ${dir}`);
  const suite = new Suite({ print: say, missing, mustRunAll: true, maxStepMs: 600_000 });
  try {
    const chaos = await ChaosWorld.start({ dir: join(dir, 'walk'), tools, processes }, suite);
    await runChapters(suite, chaptersOf(chaos, tools.agentlike));
  } finally {
    await processes.stopAll();
  }
  suite.summarize();
  if (suite.succeeded) rmSync(dir, { recursive: true });
  return suite.succeeded ? 0 : 1;
}

type Chapters = Readonly<Record<string, readonly Step[]>>;

/** Without the mesh, what needs none. */
function chaptersOf(chaos: ChaosWorld | undefined, agentlike: string): Chapters {
  const isShort = process.env['CHAOS'] === 'short';
  const size = sizes[isShort ? 'short' : 'long'];
  const Attacks = attackSteps({ agentlike, durationMs: size.attackMs, isShort });
  if (chaos === undefined) return { Attacks };
  const idle = idleSteps(chaos, { count: size.idle });
  return {
    // First and last, since it takes minutes until they are closed.
    Idleness: [idle.open],
    Replicas: killSteps(chaos, { durationMs: size.killingMs }),
    Loads: loadSteps(chaos, size),
    Outage: [outageStep(chaos, size)],
    Attacks,
    'The end of idleness': [idle.closed],
  };
}

/** Those steps whose names hold CHAOS_ONLY; all where it is not set. Throws where there is none. */
async function runChapters(suite: Suite, chapters: Chapters): Promise<void> {
  const only = process.env['CHAOS_ONLY'];
  const chosen = Object.entries(chapters).map(
    ([title, steps]) => [title, chooseSteps(steps, only)] as const,
  );
  if (chosen.every(([, steps]) => steps.length === 0)) {
    throw new Error(`no step has CHAOS_ONLY, ${JSON.stringify(only)}, in its name`);
  }
  for (const [title, steps] of chosen) if (steps.length > 0) await suite.chapter(title, steps);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

let isEnding: () => boolean = () => false;
const status = await main();
if (!isEnding()) process.exitCode = status;
