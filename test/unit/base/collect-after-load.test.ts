import { beforeEach, describe, expect, it } from '@jest/globals';
import { CollectAfterLoad, collectGarbageAfterLoad } from '../../../src/base/collect-after-load.ts';
import { StartStack } from '../../../src/base/start-stack.ts';
import { FakeClock } from '../../support/fake-clock.ts';

let clock: FakeClock;
let usedMs: number;
let collections: number;
let collector: CollectAfterLoad;

beforeEach(() => {
  clock = new FakeClock();
  usedMs = 5_000;
  collections = 0;
  const collect = (): void => {
    collections += 1;
    usedMs += 2_000;
  };
  collector = new CollectAfterLoad({ clock, cpuMs: () => usedMs, collect });
  collector.start();
});

/** Ten seconds after the other, with so much CPU time in each. */
async function spend(...windowsMs: readonly number[]): Promise<void> {
  for (const ms of windowsMs) {
    usedMs += ms;
    await clock.advance(10_000);
  }
}

describe('CollectAfterLoad', () => {
  it('collects once when half a minute of rest has followed a load', async () => {
    await spend(4_000, 9_000, 90, 90);
    expect(collections).toBe(0);
    await spend(90);
    expect(collections).toBe(1);
    await spend(90, 90, 90, 90, 90, 90);
    expect(collections).toBe(1);
  });

  it('collects again after the next load', async () => {
    await spend(4_000, 90, 90, 90, 4_000, 90, 90, 90);
    expect(collections).toBe(2);
  });

  it('waits while there is still something to do', async () => {
    await spend(4_000, 90, 90, 500, 90, 90);
    expect(collections).toBe(0);
    await spend(90);
    expect(collections).toBe(1);
  });

  it('collects what the start has left, however quick that was', async () => {
    await spend(600, 90, 90);
    expect(collections).toBe(0);
    await spend(90);
    expect(collections).toBe(1);
  });

  it('leaves a process alone that has had little to do since', async () => {
    await spend(600, 90, 90, 90, 90, 900, 90, 90, 90, 90);
    expect(collections).toBe(1);
  });

  it('looks no more once it is stopped', async () => {
    await collector.stop();
    await spend(4_000, 90, 90, 90);
    expect(collections).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });
});

/** A Node that hands out its collector: what it was asked for. */
function lentCollector() {
  const asked: unknown[] = [];
  const gc = ((options: unknown) => {
    asked.push(options);
  }) as NodeJS.GCFunction;
  return { asked, gc };
}

describe('collectGarbageAfterLoad', () => {
  it('asks for the collection that gives pages back, once the start is over', async () => {
    const [clock, started, { asked, gc }] = [new FakeClock(), new StartStack(), lentCollector()];
    collectGarbageAfterLoad({ clock, started }, gc);
    for (let window = 0; window < 20; window += 1) await clock.advance(10_000);

    expect(asked).toEqual([{ type: 'major', flavor: 'last-resort' }]);
    await started.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('does nothing where Node keeps its collector to itself', () => {
    const [clock, started] = [new FakeClock(), new StartStack()];
    collectGarbageAfterLoad({ clock, started }, undefined);

    expect(clock.pendingTimers).toBe(0);
  });
});
