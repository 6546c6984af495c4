import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClockSkew } from '../../../../src/kube/client-node/clock-skew.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

let clock: FakeClock;
let log: RecordingLogger;
let skew: ClockSkew;

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLogger();
  skew = new ClockSkew({ clock, log });
});

/** As many answers of a server whose clock is `aheadMs` ahead. */
function answer(aheadMs: number, times = 1): void {
  for (let time = 0; time < times; time += 1) {
    skew.note(new Date(clock.now() + aheadMs).toUTCString());
  }
}

describe('the skew of the clocks', () => {
  it('is unknown before an answer with a date', () => {
    skew.note(undefined);
    skew.note('yesterday');
    expect(skew.ms).toBeUndefined();
  });

  it('is known to a second', () => {
    answer(30_000);
    expect(skew.ms).toBe(30_500);
  });

  it.each([90_000, -90_000])('of %s ms is warned of after three answers', (aheadMs) => {
    answer(aheadMs, 2);
    expect(log.lines).toEqual([]);
    answer(aheadMs);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { clockSkewMs: aheadMs + 500 } }]);
  });

  it('of a minute is none', () => {
    answer(59_000, 10);
    answer(-60_000, 10);
    expect(log.lines).toEqual([]);
  });

  it('is not warned of while single answers are odd', () => {
    for (let time = 0; time < 10; time += 1) {
      answer(90_000, 2);
      answer(0);
    }
    expect(log.lines).toEqual([]);
  });

  it('is warned of once in ten minutes', async () => {
    answer(90_000, 50);
    await clock.advance(599_999);
    answer(90_000, 50);
    expect(log.lines).toHaveLength(1);
    await clock.advance(1);
    answer(90_000);
    expect(log.lines).toHaveLength(2);
  });
});
