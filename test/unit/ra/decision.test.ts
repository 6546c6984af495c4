import { describe, expect, it } from '@jest/globals';
import { Decision } from '../../../src/ra/decision.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('the steps of a decision', () => {
  it('know when they began, how long they took and what they are part of', async () => {
    const clock = new FakeClock();
    const decision = new Decision('r1', clock);
    await clock.advance(5);
    await decision.timed('sign', async () => {
      await clock.advance(10);
      await decision.timed('wait', () => clock.advance(20));
    });
    await decision.timed('verify', () => clock.advance(1));
    expect(decision.steps).toEqual([
      { name: 'sign', startMs: 5, durationMs: 30, done: true, parent: undefined },
      { name: 'wait', startMs: 15, durationMs: 20, done: true, parent: 0 },
      { name: 'verify', startMs: 35, durationMs: 1, done: true, parent: undefined },
    ]);
    expect(decision.stepsMs).toEqual({ wait: 20, sign: 30, verify: 1 });
  });

  it('are not done when they threw, and last until now while they run', async () => {
    const clock = new FakeClock();
    const decision = new Decision('r1', clock);
    const broken = decision.timed('admit', () => Promise.reject(new Error('no')));
    await expect(broken).rejects.toThrow('no');
    void decision.timed('sign', () => new Promise(() => undefined));
    await clock.advance(7);
    expect(decision.steps.map(({ done, durationMs }) => [done, durationMs])).toEqual([
      [false, 0],
      [false, 7],
    ]);
  });

  it('begin at a moment that others know', () => {
    expect(new Decision('r1', new FakeClock(1_000)).arrivedAt).toBe(1_000);
  });
});

describe('a decision', () => {
  it("notes the trace of its caller's span", () => {
    const traceParent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false };
    const decision = new Decision('r1', new FakeClock(), traceParent);
    expect(decision.facts.traceId).toBe('a'.repeat(32));
  });
});
