import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { Timer } from '../../../src/base/clock.ts';
import { EventLoopLag } from '../../../src/metrics/event-loop-lag.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Fires each timer later than asked for, as a loop that is busy does. */
class BusyClock extends FakeClock {
  lateMs = 0;

  override timer(ms: number, callback: () => void): Timer {
    return super.timer(ms + this.lateMs, callback);
  }
}

describe('EventLoopLag', () => {
  it('tells how much later than asked for timers fire', async () => {
    const clock = new BusyClock();
    const registry = new Registry();
    const lag = new EventLoopLag(registry, clock);
    clock.lateMs = 300;
    lag.start();
    lag.start();
    await clock.advance(400);
    const page = await registry.metrics();
    expect(page).toContain('istio_ra_event_loop_lag_seconds_bucket{le="0.25"} 0');
    expect(page).toContain('istio_ra_event_loop_lag_seconds_bucket{le="0.5"} 1');
    expect(page).toContain('istio_ra_event_loop_lag_seconds_sum 0.3');
    await lag.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
