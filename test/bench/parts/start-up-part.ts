import { setTimeout as sleep } from 'node:timers/promises';
import { residentMiB } from '../../e2e/stack/process-usage.ts';
import type { BenchPart } from '../bench-part.ts';
import { median } from '../quantile.ts';

/** From the start of the process to the first 200 of /ready, and what it holds then. */
export const startUpPart: BenchPart = {
  name: 'start to ready',
  run: async ({ world, isShort }) => {
    const ready: number[] = [];
    const idle: number[] = [];
    for (let at = 0; at < (isShort ? 2 : 5); at += 1) {
      const authority = await world.startAuthority(`start-${at}`);
      ready.push(authority.readyMs);
      await sleep(1_000);
      idle.push(residentMiB(authority.pid).now);
      await authority.stop();
    }
    const common = { atLeast: false, isRatio: false };
    return {
      bars: [
        {
          bar: 'ms from start to ready, certificate from a file',
          measured: median(ready),
          wanted: 600,
          ...common,
        },
        {
          bar: 'resident memory when idle, MiB',
          measured: median(idle),
          wanted: 110,
          ...common,
        },
      ],
    };
  },
};
