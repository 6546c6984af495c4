import { describe, expect, it } from '@jest/globals';
import { collectGarbageAfterLoad } from '../../../src/base/collect-garbage.ts';
import { StartStack } from '../../../src/base/start-stack.ts';
import { FakeClock } from '../../support/fake-clock.ts';

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
    collectGarbageAfterLoad({ clock, started });

    expect(clock.pendingTimers).toBe(0);
  });
});
