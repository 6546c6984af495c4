import { describe, expect, it } from '@jest/globals';
import { BackgroundLoop } from '../../../src/base/background-loop.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

describe('BackgroundLoop', () => {
  it('pauses between its turns for as long as each of them asks', async () => {
    const clock = new FakeClock(0);
    const turns: number[] = [];
    const loop = new BackgroundLoop({
      turn: () => Promise.resolve(turns.push(clock.now()) * 100),
      stopReason: 'stopped',
      clock,
    });
    loop.start();
    loop.start();
    await clock.advance(350);
    await loop.stop();

    expect(turns).toEqual([0, 100, 300]);
  });

  it('waits for the turn that runs when it is stopped, and begins no other', async () => {
    const clock = new FakeClock();
    let turns = 0;
    let end: (pauseMs: number) => void = () => undefined;
    let reason: unknown;
    const loop = new BackgroundLoop({
      turn: (signal) => {
        turns += 1;
        signal.addEventListener('abort', () => {
          reason = signal.reason;
        });
        return new Promise((resolve) => {
          end = resolve;
        });
      },
      stopReason: 'it is enough',
      clock,
    });
    loop.start();
    let isOver = false;
    const stopped = loop.stop().then(() => {
      isOver = true;
    });
    await settle();

    expect(isOver).toBe(false);
    expect(reason).toMatchObject({ message: 'it is enough' });
    end(0);
    await stopped;
    expect({ turns, isStopped: loop.isStopped }).toEqual({ turns: 1, isStopped: true });
    expect(clock.pendingTimers).toBe(0);
  });

  it('may be stopped before it was started', async () => {
    const loop = new BackgroundLoop({
      turn: () => Promise.resolve(0),
      stopReason: 'stopped',
      clock: new FakeClock(),
    });

    await expect(loop.stop()).resolves.toBeUndefined();
  });
});
