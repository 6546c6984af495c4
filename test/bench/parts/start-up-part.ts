import { setTimeout as sleep } from 'node:timers/promises';
import { residentMiB } from '../../e2e/stack/process-usage.ts';
import type { BenchPart } from '../bench-part.ts';
import type { BenchWorld } from '../bench-world.ts';
import { median } from '../quantile.ts';

/** By then what the start has left was collected (`src/base/collect-after-load.ts`). */
const atRestAfterMs = 45_000;
const common = { atLeast: false, isRatio: false };

/** From the start of the process to the first 200 of /ready, and what it holds then and at rest. */
export const startUpPart: BenchPart = {
  name: 'start to ready',
  run: async ({ world, isShort }) => {
    const ready: number[] = [];
    const started: number[] = [];
    for (let at = 0; at < (isShort ? 2 : 5); at += 1) {
      const { readyMs, heldMiB } = await startAndHold(world, `start-${at}`, 1_000);
      ready.push(readyMs);
      started.push(heldMiB);
    }
    const bars = [
      {
        bar: 'ms from start to ready, certificate from a file',
        measured: median(ready),
        wanted: 600,
        ...common,
      },
      {
        bar: 'resident memory a second after the start, MiB',
        measured: median(started),
        wanted: 110,
        ...common,
      },
    ];
    if (isShort) return { bars };
    const { heldMiB } = await startAndHold(world, 'at-rest', atRestAfterMs);
    const atRest = {
      bar: 'resident memory when idle, MiB',
      measured: heldMiB,
      wanted: 110,
      ...common,
    };
    return { bars: [...bars, atRest] };
  },
};

/** Starts one that is asked for nothing, and looks what it holds so many milliseconds after it was ready. */
async function startAndHold(
  world: BenchWorld,
  name: string,
  afterMs: number,
): Promise<{ readonly readyMs: number; readonly heldMiB: number }> {
  const authority = await world.startAuthority(name);
  await sleep(afterMs);
  const heldMiB = residentMiB(authority.pid).now;
  await authority.stop();
  return { readyMs: authority.readyMs, heldMiB };
}
