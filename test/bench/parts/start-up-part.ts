import { setTimeout as sleep } from 'node:timers/promises';
import { residentMiB } from '../../e2e/stack/process-usage.ts';
import type { BarResult } from '../bars.ts';
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
      const authority = await world.startAuthority(`start-${at}`);
      ready.push(authority.readyMs);
      await sleep(1_000);
      started.push(residentMiB(authority.pid).now);
      await authority.stop();
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
    return { bars: isShort ? bars : [...bars, await atRest(world)] };
  },
};

async function atRest(world: BenchWorld): Promise<BarResult> {
  const authority = await world.startAuthority('at-rest');
  await sleep(atRestAfterMs);
  const measured = residentMiB(authority.pid).now;
  await authority.stop();
  return { bar: 'resident memory when idle, MiB', measured, wanted: 110, ...common };
}
