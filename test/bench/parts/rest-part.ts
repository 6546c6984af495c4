import { setTimeout as sleep } from 'node:timers/promises';
import { residentMiB } from '../../e2e/stack/process-usage.ts';
import type { BenchPart } from '../bench-part.ts';

/** What is held a minute after everything that came before. */
export const restPart: BenchPart = {
  name: 'a minute after the storm',
  run: async (bench) => {
    const { pid } = await bench.authority();
    bench.say('a minute without a request');
    await sleep(60_000);
    return {
      bars: [
        {
          bar: 'resident memory a minute after the storm, MiB',
          measured: residentMiB(pid).now,
          wanted: 150,
          ...{ atLeast: false, isRatio: false },
        },
      ],
    };
  },
};
