import { describe, expect, it } from '@jest/globals';
import type { BarResult } from '../../bench/bars.ts';
import { verdict } from '../../bench/verdict.ts';

const throughput: BarResult = {
  bar: 'certificates/s',
  measured: 0.9,
  wanted: 1,
  atLeast: true,
  isRatio: true,
};
const time: BarResult = { ...throughput, bar: 'time', atLeast: false };

function judge(
  bars: readonly BarResult[],
  recorded: Readonly<Record<string, number>>,
  isWhole = true,
): { readonly status: number; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const status = verdict(bars, { recorded, isWhole, say: (line) => lines.push(line) });
  return { status, lines };
}

describe('The short form of a bench', () => {
  it('passes where a ratio is at most a third worse than what is on record', () => {
    expect(judge([{ ...throughput, measured: 0.61 }], { 'certificates/s': 0.9 }).status).toBe(0);
    expect(judge([{ ...time, measured: 1.19 }], { time: 0.9 }).status).toBe(0);
    expect(judge([{ ...time, measured: 0.1 }], { time: 0.9 }).status).toBe(0);
  });

  it('fails where one fell by more, and says which', () => {
    const { status, lines } = judge(
      [
        { ...throughput, measured: 0.59 },
        { ...time, measured: 0.9 },
      ],
      { 'certificates/s': 0.9, time: 0.9 },
    );
    expect(status).toBe(1);
    expect(lines).toEqual([
      'FELL  certificates/s: 0.59, on record 0.9',
      'holds time: 0.90, on record 0.9',
    ]);
  });

  it('fails where a time grew by more', () => {
    expect(judge([{ ...time, measured: 1.21 }], { time: 0.9 }).status).toBe(1);
  });

  it('fails where something is counted of which there was none, or nothing could be measured', () => {
    expect(judge([{ ...time, measured: 1 }], { time: 0 }).status).toBe(1);
    expect(judge([{ ...time, measured: Number.NaN }], { time: 1 }).status).toBe(1);
  });

  it('fails where nobody measures what is on record any more', () => {
    expect(judge([throughput], { 'another name': 0.9 })).toEqual({
      status: 1,
      lines: ['GONE  another name: on record, and nobody measures it'],
    });
  });

  it('looks at what was measured where a part was asked for', () => {
    expect(judge([], { time: 0.9 }, false)).toEqual({ status: 0, lines: [] });
  });

  it('does not judge by absolute figures', () => {
    const bars = [{ ...time, measured: 9, isRatio: false }];
    expect(judge(bars, { time: 0.9 }, false).status).toBe(0);
  });
});
