import { describe, expect, it } from '@jest/globals';
import { RecentIds } from '../../../src/audit/recent-ids.ts';

describe('RecentIds', () => {
  it('knows at least as many ids as its capacity', () => {
    const ids = new RecentIds(100);
    for (let n = 0; n < 1000; n += 1) {
      expect(ids.add(`id-${n}`)).toBe(false);
      expect(ids.add(`id-${Math.max(0, n - 99)}`)).toBe(true);
    }
  });

  it('forgets an id after at most twice its capacity', () => {
    const ids = new RecentIds(10);
    for (let n = 0; n < 21; n += 1) ids.add(`id-${n}`);
    expect(ids.add('id-0')).toBe(false);
  });
});
