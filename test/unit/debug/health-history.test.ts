import { describe, expect, it } from '@jest/globals';
import { IssuedLives } from '../../../src/debug/certificate-ages.ts';
import { LatencyHistogram } from '../../../src/debug/latency-histogram.ts';
import { HealthHistory } from '../../../src/debug/health-history.ts';
import type { RecentDecision } from '../../../src/ra/recent-decisions.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const minuteMs = 60_000;

function decided(clock: FakeClock, change: Partial<RecentDecision> = {}): RecentDecision {
  return {
    ...{ sequence: 1, requestId: 'r', outcome: 'issued', totalMs: 100, stepsMs: { sign: 80 } },
    ...{ time: clock.now(), notAfter: new Date(clock.now() + 10 * minuteMs).toISOString() },
    ...change,
  } as RecentDecision;
}

function aHistory() {
  const clock = new FakeClock();
  let waiting = 0;
  const sample = () => ({ waiting: (waiting += 1), inFlight: undefined, lagMs: 0.5 });
  return { clock, history: new HealthHistory({ clock, sample }) };
}

describe('the health history', () => {
  it('has sixty minutes, the one of now last', () => {
    const { clock, history } = aHistory();
    const { minutes } = history.report();

    expect(minutes).toHaveLength(60);
    expect(minutes.at(-1)?.from).toBe(clock.now());
    expect(minutes[0]).toMatchObject({ outcomes: { issued: 0 }, total: { p50Ms: undefined } });
  });

  it('counts outcomes by the minute in which they were decided', async () => {
    const { clock, history } = aHistory();
    history.note(decided(clock));
    await clock.advance(minuteMs);
    history.note(decided(clock, { outcome: 'refused' }));
    const outcomes = history.report().minutes.map((minute) => minute.outcomes);

    expect(outcomes.slice(-2)).toEqual([
      { issued: 1, refused: 0, abandoned: 0 },
      { issued: 0, refused: 1, abandoned: 0 },
    ]);
  });

  it('forgets what is more than an hour ago', async () => {
    const { clock, history } = aHistory();
    history.note(decided(clock));
    await clock.advance(60 * minuteMs);

    expect(history.report()).toMatchObject({ total: { count: 0 }, steps: [] });
  });

  it('tells the quantiles of each step, within a tenth', () => {
    const { clock, history } = aHistory();
    for (let ms = 1; ms <= 100; ms += 1) history.note(decided(clock, { stepsMs: { sign: ms } }));
    const [{ p50Ms = 0, p99Ms = 0 } = {}] = history.report().steps;

    expect(p50Ms / 50).toBeGreaterThanOrEqual(1);
    expect(p50Ms / 50).toBeLessThan(1.1);
    expect(p99Ms / 99).toBeGreaterThanOrEqual(1);
    expect(p99Ms / 99).toBeLessThan(1.1);
  });

  it('keeps no more steps than there can be', () => {
    const { clock, history } = aHistory();
    for (let at = 0; at < 100; at += 1) {
      history.note(decided(clock, { stepsMs: { [`step-${at}`]: 1 } }));
    }

    expect(history.report().steps).toHaveLength(32);
  });

  it('goes on after the clock was set back by hours', async () => {
    const { history } = aHistory();
    const later = new FakeClock();
    await later.advance(600 * minuteMs);
    const { clock } = aHistory();
    history.note(decided(later));
    history.note(decided(clock));

    expect(history.report().minutes.at(-1)?.outcomes.issued).toBe(1);
  });

  it('samples the load every ten seconds for an hour, until it is stopped', async () => {
    const { clock, history } = aHistory();
    history.start();
    history.start();
    await clock.advance(2 * 60 * minuteMs);
    const { loads } = history.report();
    await history.stop();

    expect(loads).toHaveLength(360);
    expect(loads.at(-1)).toEqual({
      time: clock.now(),
      waiting: 721,
      inFlight: undefined,
      lagMs: 0.5,
    });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('certificates by age', () => {
  const start = new FakeClock().now();
  const life = { time: start, notAfter: new Date(start + 100_000).toISOString() };

  it.each([
    [0, 0],
    [9_999, 0],
    [10_000, 1],
    [99_999, 9],
  ])('are, %s of 100000 ms old, in tenth %s', (age, tenth) => {
    const lives = new IssuedLives();
    lives.note(life);

    expect(lives.ages(start + age).tenths.indexOf(1)).toBe(tenth);
  });

  it('are told as expired after their end', () => {
    const lives = new IssuedLives();
    lives.note(life);

    expect(lives.ages(start + 100_000)).toMatchObject({ expired: 1, forgotten: 0 });
  });

  it('are bounded, and it is said how many were forgotten', () => {
    const lives = new IssuedLives(2);
    for (let at = 0; at < 5; at += 1) lives.note(life);

    expect(lives.ages(start)).toMatchObject({
      tenths: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      forgotten: 3,
    });
  });

  it('leave out one without an end', () => {
    const lives = new IssuedLives();
    lives.note({ time: start, notAfter: undefined });

    expect(lives.ages(start).tenths).toEqual(Array.from({ length: 10 }, () => 0));
  });
});

describe('a latency histogram', () => {
  it('knows no quantile of nothing', () => {
    expect(new LatencyHistogram().quantile(0.5)).toBeUndefined();
  });

  it.each([0, 0.01, 1e9])('takes %s ms', (ms) => {
    const histogram = new LatencyHistogram();
    histogram.record(ms);

    expect(histogram.quantile(1)).toBeGreaterThan(0);
  });
});
