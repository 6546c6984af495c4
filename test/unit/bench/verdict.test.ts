import { describe, expect, it } from '@jest/globals';
import { BarRuns } from '../../bench/bar-runs.ts';
import type { BarResult } from '../../bench/bars.ts';
import { verdict } from '../../bench/verdict.ts';

const throughput: BarResult = {
  bar: 'certificates/s',
  measured: 0.9,
  wanted: 1,
  atLeast: true,
  isRatio: true,
  isOfTimes: true,
};
const time: BarResult = { ...throughput, bar: 'time', atLeast: false };
const calls: BarResult = {
  bar: 'calls',
  measured: 0,
  wanted: 0,
  atLeast: false,
  isRatio: true,
};

interface Judged {
  readonly status: number;
  readonly lines: readonly string[];
  /** How often the part was measured. */
  readonly runs: number;
}

/** Judges one part that gives these bars, one list after the other, and the last again and again. */
async function judge(
  results: readonly (readonly BarResult[])[],
  recorded: Readonly<Record<string, number>>,
  isWhole = true,
): Promise<Judged> {
  const lines: string[] = [];
  let count = 0;
  const runs = new BarRuns(() => {
    const bars = results[Math.min(count, results.length - 1)] ?? [];
    count += 1;
    return Promise.resolve({ bars });
  });
  await runs.run({ name: 'a part', run: () => Promise.reject(new Error('not asked')) });
  const status = await verdict(runs, { recorded, isWhole, say: (line) => lines.push(line) });
  return { status, lines, runs: count };
}

describe('The short form of a bench', () => {
  it.each([
    ['a throughput', { ...throughput, measured: 0.61 }],
    ['a time', { ...time, measured: 1.19 }],
    ['a time that became short', { ...time, measured: 0.1 }],
  ])('passes where %s is at most a third worse than what is on record', async (_what, bar) => {
    const recorded = { [bar.bar]: 0.9 };
    await expect(judge([[bar]], recorded)).resolves.toMatchObject({ status: 0, runs: 1 });
  });

  it('fails where one fell by more three times, and says which', async () => {
    const fallen = [
      { ...throughput, measured: 0.59 },
      { ...time, measured: 0.9 },
    ];
    await expect(judge([fallen], { 'certificates/s': 0.9, time: 0.9 })).resolves.toEqual({
      status: 1,
      runs: 3,
      lines: [
        'FELL  certificates/s: 0.59, 0.59, 0.59 (measured 3 times), on record 0.9',
        'holds time: 0.90, on record 0.9',
      ],
    });
  });

  it('passes where a ratio of times holds at the second measurement', async () => {
    const [slow, well] = [{ ...throughput, measured: 0.59 }, throughput];
    await expect(judge([[slow], [well]], { 'certificates/s': 0.9 })).resolves.toEqual({
      status: 0,
      runs: 2,
      lines: ['holds certificates/s: 0.59, 0.90 (measured 2 times), on record 0.9'],
    });
  });

  it('fails where a time grew by more', async () => {
    await expect(judge([[{ ...time, measured: 1.21 }]], { time: 0.9 })).resolves.toMatchObject({
      status: 1,
    });
  });

  it('fails where there is something of which there was none, and counts it once', async () => {
    await expect(judge([[{ ...calls, measured: 1 }], [calls]], { calls: 0 })).resolves.toEqual({
      status: 1,
      runs: 1,
      lines: ['FELL  calls: 1.00, on record 0'],
    });
  });

  it('fails where a count is beyond its bound while a time is measured again', async () => {
    const results = [
      [
        { ...time, measured: 9 },
        { ...calls, measured: 0 },
      ],
      [time, { ...calls, measured: 1 }],
    ];
    await expect(judge(results, { time: 0.9, calls: 0 })).resolves.toEqual({
      status: 1,
      runs: 2,
      lines: [
        'holds time: 9.00, 0.90 (measured 2 times), on record 0.9',
        'FELL  calls: 0.00, 1.00 (measured 2 times), on record 0',
      ],
    });
  });

  it('fails where nothing could be measured', async () => {
    await expect(judge([[{ ...time, measured: NaN }]], { time: 1 })).resolves.toMatchObject({
      status: 1,
    });
    await expect(judge([[{ ...calls, measured: NaN }]], { calls: 1 })).resolves.toMatchObject({
      status: 1,
    });
  });

  it('fails where nobody measures what is on record any more', async () => {
    await expect(judge([[throughput]], { 'another name': 0.9 })).resolves.toEqual({
      status: 1,
      runs: 1,
      lines: ['GONE  another name: on record, and nobody measures it'],
    });
  });

  it('looks at what was measured where a part was asked for', async () => {
    await expect(judge([[]], { time: 0.9 }, false)).resolves.toMatchObject({
      status: 0,
      lines: [],
    });
  });

  it('does not judge by absolute figures', async () => {
    const bars = [{ ...time, measured: 9, isRatio: false }];
    await expect(judge([bars], { time: 0.9 }, false)).resolves.toMatchObject({ status: 0 });
  });
});
