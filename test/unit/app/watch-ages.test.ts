import { describe, expect, it } from '@jest/globals';
import { WatchAges } from '../../../src/app/watch-ages.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('WatchAges', () => {
  it('tells of each resource the watch that is silent for longest', async () => {
    const clock = new FakeClock(0);
    const ages = new WatchAges(clock);
    ages.add('pods', { lastActivityAt: 4_000, failures: 0 });
    ages.add('pods', { lastActivityAt: 1_000, failures: 2 });
    ages.add('configmaps', { lastActivityAt: undefined, failures: 5 });
    await clock.advance(10_000);
    expect(ages.read()).toEqual([
      { resource: 'pods', ageSeconds: 9, failures: 2 },
      { resource: 'configmaps', ageSeconds: 10, failures: 5 },
    ]);
  });
});
