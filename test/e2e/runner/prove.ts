import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chartSteps } from '../chart/chart-steps.ts';
import { ChartWorld } from '../chart/chart-world.ts';
import { explainedSteps } from '../explained/explained-steps.ts';
import { ExplainedWorld } from '../explained/explained-world.ts';
import { expressionSteps } from '../explained/expression-steps.ts';
import { apiServerSteps } from '../faults/api-server-steps.ts';
import { FaultWorld } from '../faults/fault-world.ts';
import { signerSteps } from '../faults/signer-steps.ts';
import { frontSteps } from '../front/front-steps.ts';
import { FrontWorld } from '../front/front-world.ts';
import { runningRecorded } from '../stack/pid-file.ts';
import { Processes } from '../stack/process.ts';
import type { Tools } from '../stack/tools.ts';
import { cleanUpSteps } from '../walkthrough/clean-up-steps.ts';
import { walk } from '../walkthrough/walk.ts';
import { World } from '../walkthrough/world.ts';
import { endOnSignal } from './end-on-signal.ts';
import { findTools, theStack } from './find-tools.ts';
import { secondsSince, Suite, type Step } from './suite.ts';

const maxStepMs = 120_000;

/** `make e2e`: the walk-through and the faults on real parts. Returns the exit status. */
async function main(): Promise<number> {
  const start = performance.now();
  const { tools, missing } = await findTools(say);
  const mustRunAll = process.env['CI'] === 'true';
  const suite = new Suite({ print: say, missing, mustRunAll, maxStepMs });
  if (tools === undefined) await suite.chapter('Prove it', unprovable);
  else await prove(suite, tools);
  suite.summarize();
  say(`in ${secondsSince(start)} s`);
  return suite.succeeded ? 0 : 1;
}

/** Everything that the stack is for, by name, for a machine that cannot run it. */
const unprovable: readonly Step[] = ['the walk-through', 'the faults'].map((name) => ({
  name,
  needs: theStack,
  run: () => Promise.reject(new Error('there is no stack')),
}));

async function prove(suite: Suite, tools: Tools): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'istio-ra-e2e-'));
  const pidFile = join(dir, 'pids');
  const processes = new Processes({ logDir: join(dir, 'logs'), pidFile });
  isEnding = endOnSignal(() => processes.stopAll());
  say(`logs and files: ${dir}`);
  try {
    await chapters(suite, { dir: join(dir, 'walk'), tools, processes });
  } finally {
    await processes.stopAll();
  }
  await suite.chapter('The end', [
    {
      name: 'no process of the stack is left',
      run: (show) => {
        assert.deepEqual(runningRecorded(pidFile), []);
        show('none of those that were started runs');
        return Promise.resolve();
      },
    },
  ]);
  if (suite.succeeded) rmSync(dir, { recursive: true });
}

async function chapters(
  suite: Suite,
  options: { readonly dir: string; readonly tools: Tools; readonly processes: Processes },
): Promise<void> {
  let world: World | undefined;
  await suite.chapter('The stack', [
    {
      name: 'etcd, kube-apiserver, kube-controller-manager and cert-manager run, istio-ra is built',
      run: async () => {
        world = await World.start(options);
      },
    },
  ]);
  if (world === undefined || !(await walk(suite, world))) return;
  const explained = new ExplainedWorld(world);
  await suite.chapter('Explained', [...expressionSteps(world), ...explainedSteps(explained)]);
  await explained.stop();
  const faults = new FaultWorld(world);
  await suite.chapter('Faults', [
    {
      name: 'a second istio-ra, behind a wire that can be cut, is ready',
      foundation: true,
      run: () => faults.start(),
    },
    ...apiServerSteps(faults),
    ...signerSteps(faults),
  ]);
  await faults.stop();
  const front = new FrontWorld(world);
  await suite.chapter('Front', frontSteps(front));
  await front.stop();
  const chart = new ChartWorld(world);
  await suite.chapter('From the chart', chartSteps(chart));
  await chart.stop();
  await suite.chapter('Clean up', cleanUpSteps(world));
}

let isEnding = (): boolean => false;

/** On the way out nobody wants to read what else fails then. */
function say(line: string): void {
  if (!isEnding()) process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
