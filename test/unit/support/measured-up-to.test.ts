import { describe, expect, it } from '@jest/globals';
import { measuredUpTo } from '../../support/measured-up-to.ts';
import type { TimeLimit } from '../../support/measured-up-to.ts';

const atMost2: TimeLimit = {
  ...{ what: 'p99 of bar to its calm value', unit: '', bound: { atMost: 2 } },
  say: () => undefined,
};

/** Gives one value after the other, and counts how many were asked for. */
function aMeasure(...values: readonly number[]): { (): number; count: number } {
  const measure = (): number => values[measure.count++] ?? Number.NaN;
  measure.count = 0;
  return measure;
}

describe('What is judged by time', () => {
  it('is measured once where the value is within its bound', async () => {
    const measure = aMeasure(2, 9);
    await expect(measuredUpTo(3, atMost2, measure)).resolves.toEqual({
      holds: true,
      values: [2],
      report: 'p99 of bar to its calm value: 2 (measured once, at most 2)',
    });
    expect(measure.count).toBe(1);
  });

  it('is measured again where it is not, until one value is', async () => {
    const measure = aMeasure(2.304, 1.42, 9);
    await expect(measuredUpTo(3, atMost2, measure)).resolves.toEqual({
      holds: true,
      values: [2.304, 1.42],
      report: 'p99 of bar to its calm value: 2.304, 1.42 (measured 2 times, at most 2)',
    });
  });

  it('fails where no value is, after as many measurements as it may take', async () => {
    const measure = aMeasure(2.3, 2.2, 2.4, 1);
    await expect(measuredUpTo(3, atMost2, measure)).resolves.toEqual({
      holds: false,
      values: [2.3, 2.2, 2.4],
      report: 'p99 of bar to its calm value: 2.3, 2.2, 2.4 (measured 3 times, at most 2)',
    });
    expect(measure.count).toBe(3);
  });

  it('may have to reach a bound', async () => {
    const limit: TimeLimit = { ...atMost2, unit: 'ms', bound: { atLeast: 500 } };
    await expect(measuredUpTo(2, limit, aMeasure(499.9, 500))).resolves.toMatchObject({
      holds: true,
      report: 'p99 of bar to its calm value: 499.9, 500 ms (measured 2 times, at least 500 ms)',
    });
  });

  it('fails where nothing could be measured', async () => {
    await expect(measuredUpTo(3, atMost2, aMeasure())).resolves.toMatchObject({ holds: false });
  });

  it('ends at once with what the measurement throws', async () => {
    let count = 0;
    const broken = (): number => {
      count += 1;
      throw new Error('a client was not served');
    };
    await expect(measuredUpTo(3, atMost2, broken)).rejects.toThrow('a client was not served');
    expect(count).toBe(1);
  });

  it('tells its report and the count of its values', async () => {
    const told: unknown[] = [];
    const limit: TimeLimit = { ...atMost2, say: (...line) => told.push(line) };
    const { report } = await measuredUpTo(3, limit, aMeasure(3, 1));
    expect(told).toEqual([[report, 2]]);
  });

  it.each([0, -1, 1.5, Number.NaN])('cannot be measured %d times', async (times) => {
    await expect(measuredUpTo(times, atMost2, aMeasure(1))).rejects.toThrow(RangeError);
  });
});
