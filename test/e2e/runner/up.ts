import { mkdirSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { runningRecorded, stopRecorded } from '../stack/pid-file.ts';
import { Processes } from '../stack/process.ts';
import type { Tools } from '../stack/tools.ts';
import type { Envoys } from '../walkthrough/traffic-steps.ts';
import { walk } from '../walkthrough/walk.ts';
import { World } from '../walkthrough/world.ts';
import { endOnSignal } from './end-on-signal.ts';
import { findTools, theStack } from './find-tools.ts';
import { linesToTry } from './lines-to-try.ts';
import { Suite } from './suite.ts';
import { upFolder, upPidFile } from './up-folder.ts';

const maxStepMs = 120_000;

/** `make e2e-up`: the walk-through, after which everything stays. Returns the exit status. */
async function main(): Promise<number> {
  if (runningRecorded(upPidFile).length > 0) {
    say('the stack is up already; `make e2e-down` ends it');
    return 1;
  }
  const { tools, missing } = await findTools(say);
  if (tools === undefined) {
    say(`it cannot be started here: ${missing.get(theStack) ?? ''}`);
    return 1;
  }
  rmSync(upFolder, { recursive: true, force: true });
  mkdirSync(upFolder, { recursive: true });
  isEnding = endOnSignal(async () => {
    await stopRecorded(upPidFile);
  });
  const suite = new Suite({ print: say, missing, mustRunAll: false, maxStepMs });
  try {
    const lines = await start(suite, tools);
    suite.summarize();
    if (lines !== undefined && suite.succeeded) {
      say(lines);
      return 0;
    }
  } catch (error) {
    say(String(error));
  }
  say(`it did not come up, and is ended; logs: ${relative(process.cwd(), upFolder)}/logs`);
  await stopRecorded(upPidFile);
  return 1;
}

/** Returns what a person may try; undefined where it does not stand. */
async function start(suite: Suite, tools: Tools): Promise<string | undefined> {
  const processes = new Processes({
    logDir: `${upFolder}/logs`,
    pidFile: upPidFile,
    lifetime: 'detached',
  });
  const world = await World.start({ dir: `${upFolder}/walk`, tools, processes });
  const envoys: Envoys = new Map();
  if (!(await walk(suite, world, envoys))) return undefined;
  await world.keepFor(30);
  return linesToTry(world, envoys);
}

let isEnding = (): boolean => false;

function say(line: string): void {
  if (!isEnding()) process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
