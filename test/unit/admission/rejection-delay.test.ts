import { describe, expect, it } from '@jest/globals';
import { RejectionDelay } from '../../../src/admission/rejection-delay.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const forever = new AbortController().signal;

function setUp({ maxHeld = 10, random = 0.5 } = {}) {
  const clock = new FakeClock();
  const options = { minMs: 500, maxMs: 1_500, maxHeld, clock, random: () => random };
  const delay = new RejectionDelay(options);
  let answered = 0;
  const hold = (signal = forever): void => {
    void delay.hold(signal).then(() => {
      answered += 1;
    });
  };
  return { clock, delay, hold, answered: () => answered };
}

describe('RejectionDelay', () => {
  it.each([
    [0, 500],
    [0.5, 1_000],
    [0.999, 1_499],
  ])('with the random number %d holds an answer for %d ms', async (random, ms) => {
    const { clock, hold, answered } = setUp({ random });
    hold();
    await clock.advance(ms - 1);
    expect(answered()).toBe(0);
    await clock.advance(2);

    expect(answered()).toBe(1);
  });

  it('lets go as soon as the client is gone', async () => {
    const { clock, hold, answered, delay } = setUp();
    const client = new AbortController();
    hold(client.signal);
    client.abort();
    await clock.advance(0);

    expect(answered()).toBe(1);
    expect(delay.held).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not hold at all what is over', async () => {
    const { clock, hold, answered } = setUp();
    hold(AbortSignal.abort());
    await clock.advance(0);

    expect(answered()).toBe(1);
  });

  it('holds no more than its bound and counts the rest', async () => {
    const { clock, delay, hold, answered } = setUp({ maxHeld: 3 });
    for (let calls = 0; calls < 5; calls += 1) hold();
    await clock.advance(0);

    expect(answered()).toBe(2);
    expect(delay).toMatchObject({ held: 3, notHeld: 2 });
  });

  it('lets all go when it closes and holds none from then on', async () => {
    const { clock, delay, hold, answered } = setUp();
    hold();
    hold();
    delay.close();
    hold();
    await clock.advance(0);

    expect(answered()).toBe(3);
    expect(clock.pendingTimers).toBe(0);
  });
});
