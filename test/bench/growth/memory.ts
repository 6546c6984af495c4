import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentMiB } from '../../e2e/stack/process-usage.ts';
import type { BenchWorld } from '../bench-world.ts';
import { median } from '../quantile.ts';

const starts = 3;
const restMs = 5_000;
const collectMs = 1_000;

/** What processes hold that have read everything and done nothing, in MiB. */
export interface Memory {
  readonly resident: number;
  /** JavaScript's heap without what nobody holds any more. */
  readonly heap: number;
}

/** The same for each world, in turns; medians over a few fresh processes each. */
export async function memoryIn(
  worlds: readonly BenchWorld[],
  env: Readonly<Record<string, string>>,
): Promise<readonly Memory[]> {
  const found = worlds.map(() => [] as Memory[]);
  for (let round = 0; round < starts; round += 1) {
    for (const [at, world] of worlds.entries()) {
      found[at]?.push(await memoryOfOne(world, env));
    }
  }
  return found.map((memories) => ({
    resident: median(memories.map(({ resident }) => resident)),
    heap: median(memories.map(({ heap }) => heap)),
  }));
}

async function memoryOfOne(
  world: BenchWorld,
  env: Readonly<Record<string, string>>,
): Promise<Memory> {
  const collector = join(import.meta.dirname, 'collect-garbage.js');
  const authority = await world.startAuthority('memory', {
    ...env,
    NODE_OPTIONS: `--no-warnings --import=${collector}`,
  });
  await sleep(restMs);
  const resident = residentMiB(authority.pid).now;
  process.kill(authority.pid, 'SIGUSR2');
  await sleep(collectMs);
  const heap = (await authority.metric('nodejs_heap_size_used_bytes')) / 2 ** 20;
  await authority.stop();
  return { resident, heap };
}
