import { systemClock } from '../../src/base/clock.ts';
import type { Clock } from '../../src/base/clock.ts';

/** The time of somebody whose clock is wrong, and can be set while others wait. */
export class SkewedClock implements Clock {
  aheadMs: number;

  constructor(aheadMs: number) {
    this.aheadMs = aheadMs;
  }

  now(): number {
    return systemClock.now() + this.aheadMs;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  timer(...[ms, callback]: Parameters<Clock['timer']>): ReturnType<Clock['timer']> {
    return systemClock.timer(ms, callback);
  }
}
