import { describe, expect, it } from '@jest/globals';
import { WatchAges } from '../../../src/kube/watch-ages.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('WatchAges', () => {
  it('tells of each resource the watch that is silent for longest', async () => {
    const clock = new FakeClock(0);
    const ages = new WatchAges(clock);
    ages.add('pods', { lastActivityAt: 4_000, failures: 0, events: 30 });
    ages.add('pods', { lastActivityAt: 1_000, failures: 2, events: 4 });
    ages.add('configmaps', { lastActivityAt: undefined, failures: 5, events: 0 });
    await clock.advance(10_000);
    expect(ages.read()).toMatchObject([
      { resource: 'pods', ageSeconds: 9, failures: 2 },
      { resource: 'configmaps', ageSeconds: 10, failures: 5 },
    ]);
  });

  it('adds up the events of all watches of a resource', () => {
    const ages = new WatchAges(new FakeClock(0));
    ages.add('pods', { lastActivityAt: 4_000, failures: 0, events: 30 });
    ages.add('pods', { lastActivityAt: 1_000, failures: 2, events: 4 });
    expect(ages.read()).toMatchObject([{ resource: 'pods', events: 34 }]);
  });
});
