import { describe, expect, it } from '@jest/globals';
import { LoopLag } from '../../../src/base/loop-lag.ts';
import type { DelayHistogram } from '../../../src/base/loop-lag.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** What Node's histogram would say of a loop that lags as long as it is told. */
class FakeHistogram implements DelayHistogram {
  lagMs = 0;
  enabled = false;
  resets = 0;

  get max(): number {
    return (this.lagMs + 10) * 1e6;
  }
  percentile(): number {
    return this.max;
  }
  reset(): void {
    this.resets += 1;
  }
  enable(): boolean {
    this.enabled = true;
    return true;
  }
  disable(): boolean {
    this.enabled = false;
    return true;
  }
}

function setUp() {
  const [clock, histogram] = [new FakeClock(), new FakeHistogram()];
  const lag = new LoopLag({ clock, histogram });
  lag.start();
  const run = async (lagMs: number, seconds: number): Promise<void> => {
    histogram.lagMs = lagMs;
    await clock.advance(seconds * 1_000);
  };
  return { clock, histogram, lag, run };
}

describe('LoopLag', () => {
  it('is the time beyond the samples distance, in the last second', async () => {
    const { lag, run } = setUp();
    await run(50, 1);

    expect(lag.p99Ms).toBeCloseTo(50);
  });

  it('remembers the longest of a minute', async () => {
    const { lag, run } = setUp();
    await run(700, 1);
    await run(3, 30);
    expect(lag.maxMs).toBeCloseTo(700);
    await run(3, 60);

    expect(lag.maxMs).toBeCloseTo(3);
  });

  it('is none before a second is over', () => {
    const { lag } = setUp();

    expect(lag).toMatchObject({ p99Ms: 0, maxMs: 0 });
    expect(lag.wasAbove(0, 0)).toBe(false);
  });

  it('is above a bound only after the whole time', async () => {
    const { lag, run } = setUp();
    await run(250, 4);
    expect(lag.wasAbove(200, 5_000)).toBe(false);
    await run(250, 1);

    expect(lag.wasAbove(200, 5_000)).toBe(true);
  });

  it('is below it again after one calm second', async () => {
    const { lag, run } = setUp();
    await run(250, 20);
    await run(150, 1);
    expect(lag.wasAbove(200, 5_000)).toBe(false);
    await run(250, 5);

    expect(lag.wasAbove(200, 5_000)).toBe(true);
  });

  it('fails its check at its own bound and says why', async () => {
    const { lag, run } = setUp();
    const check = lag.check(2_000, 10_000);
    await run(1_900, 30);
    expect(check.notReadyBecause()).toBeUndefined();
    await run(2_100, 10);

    expect(check.notReadyBecause()).toBe(
      'the event loop has lagged by more than 2000 ms for 10000 ms',
    );
  });

  it('leaves nothing running when it stops', async () => {
    const { clock, histogram, lag } = setUp();
    await lag.stop();

    expect(clock.pendingTimers).toBe(0);
    expect(histogram.enabled).toBe(false);
  });

  it('starts each second anew, and once only', async () => {
    const { histogram, lag, run, clock } = setUp();
    lag.start();
    expect(clock.pendingTimers).toBe(1);
    await run(0, 3);

    expect(histogram.resets).toBe(4);
  });
});
