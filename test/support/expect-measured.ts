import { expect } from '@jest/globals';
import { measuredUpTo, type TimeLimit } from './measured-up-to.ts';

const times = 3;

/** Fails where a time, or a ratio of times, is beyond its bound three times in a row. */
export async function expectMeasured(
  limit: TimeLimit,
  measure: () => number | Promise<number>,
): Promise<void> {
  await expect(measuredUpTo(times, limit, measure)).resolves.toMatchObject({ holds: true });
}

/**
 * The same for what `work` takes by the clock. It has to make anew whatever it needs; what it throws fails
 * at once.
 */
export async function expectWithinMs(
  atMost: number,
  what: string,
  work: () => unknown,
): Promise<void> {
  await expectMeasured({ what, unit: 'ms', bound: { atMost } }, async () => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  });
}
