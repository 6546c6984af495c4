import { describe, expect, it } from '@jest/globals';
import { sleep } from '../../../src/base/clock.ts';
import { abortable, Deadline, withDeadline } from '../../../src/base/deadline.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const timeUp = new Error('time is up');

describe('Deadline', () => {
  it('aborts with its reason when the time is up', async () => {
    const clock = new FakeClock();
    const deadline = new Deadline({ clock, ms: 100, reason: () => timeUp });
    await clock.advance(99);
    expect(deadline.signal.aborted).toBe(false);
    expect(deadline.remainingMs()).toBe(1);
    await clock.advance(1);
    expect(deadline.signal.reason).toBe(timeUp);
    expect(deadline.remainingMs()).toBe(0);
  });

  it("passes on its parent's abort with the parent's reason", () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    const gone = new Error('client gone');
    const deadline = new Deadline({ clock, ms: 100, reason: () => timeUp, parent: parent.signal });
    parent.abort(gone);
    expect(deadline.signal.reason).toBe(gone);
  });

  it('is aborted from the start under an aborted parent', () => {
    const clock = new FakeClock();
    const gone = new Error('client gone');
    const deadline = new Deadline({
      clock,
      ms: 100,
      reason: () => timeUp,
      parent: AbortSignal.abort(gone),
    });
    expect(deadline.signal.reason).toBe(gone);
  });

  it('leaves no timer behind when released', () => {
    const clock = new FakeClock();
    const deadline = new Deadline({ clock, ms: 100, reason: () => timeUp });
    expect(clock.pendingTimers).toBe(1);
    deadline.release();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('withDeadline', () => {
  it('settles as its step does and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const options = { clock, ms: 100, reason: () => timeUp };
    await expect(withDeadline(options, () => Promise.resolve(7))).resolves.toBe(7);
    await expect(withDeadline(options, () => Promise.reject(timeUp))).rejects.toBe(timeUp);
    expect(clock.pendingTimers).toBe(0);
  });

  it('aborts its step when the time is up', async () => {
    const clock = new FakeClock();
    const options = { clock, ms: 100, reason: () => timeUp };
    const step = withDeadline(options, (signal) => abortable(new Promise(() => undefined), signal));
    const failure = step.catch((error: unknown) => error);
    await clock.advance(100);
    await expect(failure).resolves.toBe(timeUp);
  });
});

describe('sleep', () => {
  it('ends after its time', async () => {
    const clock = new FakeClock();
    let awake = false;
    const slept = sleep(clock, 50, new AbortController().signal).then(() => {
      awake = true;
    });
    await clock.advance(49);
    expect(awake).toBe(false);
    await clock.advance(1);
    await slept;
    expect(awake).toBe(true);
  });

  it('rejects at once on abort and drops its timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const slept = sleep(clock, 50, controller.signal);
    controller.abort(timeUp);
    await expect(slept).rejects.toBe(timeUp);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('abortable', () => {
  it('rejects with the reason of the abort though the promise never settles', async () => {
    const controller = new AbortController();
    const waiting = abortable(new Promise(() => undefined), controller.signal);
    controller.abort(timeUp);
    await expect(waiting).rejects.toBe(timeUp);
  });

  it('settles as the promise does otherwise', async () => {
    const { signal } = new AbortController();
    await expect(abortable(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(abortable(Promise.reject(timeUp), signal)).rejects.toBe(timeUp);
  });
});
