import { describe, expect, it } from '@jest/globals';
import { timesBy, type CallFrame, type CpuProfile } from '../../bench/profile/cpu-profile.ts';

const frame = (functionName: string, url = ''): CallFrame => ({
  ...{ functionName, url },
  ...{ lineNumber: 0, columnNumber: 0 },
});

/** `outer` calls `inner`, which calls `outer` again; then nothing is done. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 5] },
    { id: 2, callFrame: frame('outer'), children: [3] },
    { id: 3, callFrame: frame('inner'), children: [4] },
    { id: 4, callFrame: frame('outer') },
    { id: 5, callFrame: frame('(idle)') },
  ],
  samples: [2, 3, 4, 5],
  timeDeltas: [1_000, 2_000, 3_000, 4_000],
};

const byName = ({ functionName }: CallFrame): string | undefined =>
  functionName.startsWith('(') ? undefined : functionName;

describe('timesBy', () => {
  it('gives each sample the time until the next one', () => {
    expect(timesBy(profile, byName).get('inner')?.selfMs).toBe(3);
  });

  it('counts what calls itself once in its total', () => {
    expect(timesBy(profile, byName).get('outer')).toEqual({ selfMs: 6, totalMs: 9 });
  });

  it('counts frames without a key nowhere', () => {
    expect([...timesBy(profile, byName).keys()]).toEqual(['outer', 'inner']);
  });
});
