import { describe, expect, it } from '@jest/globals';
import { StartStack } from '../../../src/base/start-stack.ts';
import { Watches } from '../../../src/kube/watches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const synced = { synced: true, lastError: undefined };

function aWatches(clock = new FakeClock(0)): Watches {
  const log = new RecordingLogger();
  return new Watches({ clock, random: () => 0.5, log, started: new StartStack() });
}

describe('Watches', () => {
  it('tell of each resource the watch that is silent for longest', async () => {
    const clock = new FakeClock(0);
    const watches = aWatches(clock);
    watches.enter('pods', { ...synced, lastActivityAt: 4_000, failures: 0, events: 30 });
    watches.enter('pods', { ...synced, lastActivityAt: 1_000, failures: 2, events: 4 });
    watches.enter('configmaps', { ...synced, lastActivityAt: undefined, failures: 5, events: 0 });
    await clock.advance(10_000);
    expect(watches.ages()).toMatchObject([
      { resource: 'pods', ageSeconds: 9, failures: 2 },
      { resource: 'configmaps', ageSeconds: 10, failures: 5 },
    ]);
  });

  it('add up the events of all watches of a resource', () => {
    const watches = aWatches();
    watches.enter('pods', { ...synced, lastActivityAt: 4_000, failures: 0, events: 30 });
    watches.enter('pods', { ...synced, lastActivityAt: 1_000, failures: 2, events: 4 });
    expect(watches.ages()).toMatchObject([{ resource: 'pods', events: 34 }]);
  });
});
