import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endOnSignal } from '../e2e/runner/end-on-signal.ts';
import { findTools } from '../e2e/runner/find-tools.ts';
import { Suite } from '../e2e/runner/suite.ts';
import { Processes } from '../e2e/stack/process.ts';
import { attackSteps } from './attack-steps.ts';
import { ChaosWorld } from './chaos-world.ts';
import { killSteps } from './kill-steps.ts';
import { loadSteps, outageStep } from './load-steps.ts';

/** `make chaos`: what must not be lost, on real parts, while they fail. Returns the exit status. */
async function main(): Promise<number> {
  const isShort = process.env['CHAOS'] === 'short';
  const { tools, missing } = await findTools(say);
  if (tools === undefined) throw new Error([...missing.values()].join('; '));
  const dir = mkdtempSync(join(tmpdir(), 'istio-ra-chaos-'));
  const processes = new Processes({ logDir: join(dir, 'logs'), pidFile: join(dir, 'pids') });
  isEnding = endOnSignal(() => processes.stopAll());
  say(`logs and files: ${dir}`);
  const suite = new Suite({ print: say, missing, mustRunAll: true, longestStepMs: 600_000 });
  try {
    const chaos = await ChaosWorld.start({ dir: join(dir, 'walk'), tools, processes }, suite);
    if (chaos !== undefined) {
      await suite.chapter('Replicas', killSteps(chaos, { durationMs: isShort ? 25_000 : 90_000 }));
      const clients = isShort ? 500 : 2_000;
      // A hundred requests have a p99 that is one request: the short form finds what broke, no more.
      const mostSlower = isShort ? 8 : 2;
      await suite.chapter('Loads', loadSteps(chaos, { clients, mostSlower }));
      await suite.chapter('Outage', [outageStep(chaos, { awayMs: isShort ? 15_000 : 60_000 })]);
    }
    const durationMs = isShort ? 1_000 : 4_000;
    await suite.chapter('Attacks', attackSteps({ agentlike: tools.agentlike, durationMs }));
  } finally {
    await processes.stopAll();
  }
  suite.summarize();
  if (suite.succeeded) rmSync(dir, { recursive: true });
  return suite.succeeded ? 0 : 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

let isEnding: () => boolean = () => false;
const status = await main();
if (!isEnding()) process.exitCode = status;
