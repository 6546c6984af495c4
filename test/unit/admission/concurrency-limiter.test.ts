import { describe, expect, it } from '@jest/globals';
import { ConcurrencyLimiter } from '../../../src/admission/concurrency-limiter.ts';
import type {
  ConcurrencyLimiterOptions,
  Slot,
} from '../../../src/admission/concurrency-limiter.ts';
import { settle } from '../../support/fake-clock.ts';

const forever = new AbortController().signal;

interface Guest {
  readonly name: string;
  state: 'waiting' | 'in' | 'out';
  slot?: Slot;
  error?: unknown;
}

function setUp(options: Partial<ConcurrencyLimiterOptions> = {}) {
  const queue = new ConcurrencyLimiter({
    ...{ atOnce: 4, atOncePerKey: 2, maxWaiting: 100, maxWaitingBytes: 1_000 },
    full: () => new Error('full'),
    ...options,
  });
  const order: string[] = [];
  const come = (name: string, bytes = 1, signal = forever): Guest => {
    const guest: Guest = { name, state: 'waiting' };
    queue.enter({ key: name.charAt(0), bytes, signal }).then(
      (slot) => {
        guest.slot = slot;
        guest.state = 'in';
        order.push(name);
      },
      (error: unknown) => {
        guest.error = error;
        guest.state = 'out';
      },
    );
    return guest;
  };
  const comeMany = (key: string, count: number): readonly Guest[] =>
    Array.from({ length: count }, (_, at) => come(`${key}${at}`));
  return { queue, order, come, comeMany };
}

describe('ConcurrencyLimiter', () => {
  it('lets everybody in at once while there is room', async () => {
    const { comeMany, queue } = setUp();
    const guests = comeMany('a', 4);
    await settle();

    expect(guests.map(({ state }) => state)).toEqual(['in', 'in', 'in', 'in']);
    expect(queue.counts).toMatchObject({ inFlight: 4, waiting: 0 });
  });

  it('lets no more in than may be at work', async () => {
    const { comeMany, queue } = setUp();
    const guests = comeMany('a', 6);
    await settle();

    expect(guests.filter(({ state }) => state === 'in')).toHaveLength(4);
    expect(queue.counts).toMatchObject({ inFlight: 4, waiting: 2 });
  });

  it('lets one in for each that is done, and for each only once', async () => {
    const { comeMany, queue } = setUp();
    const guests = comeMany('a', 6);
    await settle();
    guests[0]?.slot?.release();
    guests[0]?.slot?.release();
    await settle();

    expect(guests.filter(({ state }) => state === 'in')).toHaveLength(5);
    expect(queue.counts).toMatchObject({ inFlight: 4, waiting: 1 });
  });

  it('keeps a slot for whom it was freed when somebody comes in between', async () => {
    const { comeMany, come, queue } = setUp();
    const guests = comeMany('a', 5);
    await settle();
    guests[0]?.slot?.release();
    const late = come('b');
    await settle();

    expect(guests[4]?.state).toBe('in');
    expect(late.state).toBe('waiting');
    expect(queue.counts.inFlight).toBe(4);
  });

  it('holds a key to its share where one that has less waits', async () => {
    const { comeMany, order } = setUp();
    const flood = comeMany('a', 20);
    await settle();
    const [first, second] = [...comeMany('b', 1), ...comeMany('c', 1)];
    for (const guest of flood.slice(0, 2)) guest.slot?.release();
    await settle();

    expect([first?.state, second?.state]).toEqual(['in', 'in']);
    expect(order.slice(4)).toEqual(['b0', 'c0']);
  });

  it('leaves no slot free for the sake of a share', async () => {
    const { comeMany, queue } = setUp();
    const flood = comeMany('a', 20);
    await settle();
    for (const guest of flood.slice(0, 4)) guest.slot?.release();
    await settle();

    expect(queue.counts.inFlight).toBe(4);
  });

  it('serves another key as if it were alone while one floods', async () => {
    const { comeMany, order } = setUp({ atOnce: 1, atOncePerKey: 1 });
    const all = [...comeMany('a', 40), ...comeMany('b', 4)];
    for (let turn = 0; turn < 10; turn += 1) {
      await settle();
      for (const guest of all) guest.slot?.release();
    }

    expect(order.filter((name) => name.startsWith('b'))).toHaveLength(4);
    expect(order.slice(1, 9).filter((name) => name.startsWith('b'))).toHaveLength(4);
  });

  it('starves nobody: each key has its turn after at most one of each other', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const { comeMany, order } = setUp({ atOnce: 1, atOncePerKey: 1 });
    const all = keys.flatMap((key) => comeMany(key, 10));
    for (let turn = 0; turn < 50; turn += 1) {
      await settle();
      for (const guest of all) guest.slot?.release();
    }

    expect(order).toHaveLength(50);
    for (let at = 1; at + keys.length <= order.length; at += keys.length) {
      const turn = order.slice(at, at + keys.length).map((name) => name.charAt(0));
      expect(new Set(turn).size).toBeGreaterThanOrEqual(keys.length - 1);
    }
  });

  it('turns away who comes when the room is full by number', async () => {
    const { comeMany, queue } = setUp({ maxWaiting: 3 });
    const guests = comeMany('a', 8);
    await settle();

    expect(guests.at(-1)).toMatchObject({ state: 'out', error: new Error('full') });
    expect(queue.counts).toMatchObject({ waiting: 3, turnedAway: 1 });
  });

  it('turns away who comes when the room is full by bytes', async () => {
    const { comeMany, come, queue } = setUp({ maxWaitingBytes: 1_000 });
    comeMany('a', 4);
    const [large, tooLarge] = [come('a', 700), come('a', 400)];
    await settle();

    expect([large.state, tooLarge.state]).toEqual(['waiting', 'out']);
    expect(queue.counts).toMatchObject({ waiting: 1, waitingBytes: 700 });
  });

  it('turns away the flood and not the others when the room is full', async () => {
    const { comeMany, come } = setUp({ maxWaiting: 10 });
    const flood = comeMany('a', 14);
    const other = come('b');
    await settle();

    expect(other.state).toBe('waiting');
    expect(flood.at(-1)?.state).toBe('out');
  });

  it('lets who gives up leave the room', async () => {
    const { comeMany, come, queue } = setUp();
    const [first] = comeMany('a', 4);
    const given = new AbortController();
    const [quitter, next] = [come('b1', 1, given.signal), come('b2')];
    await settle();
    given.abort(new Error('gone'));
    expect(queue.counts.waiting).toBe(1);
    first?.slot?.release();
    await settle();

    expect(quitter).toMatchObject({ state: 'out', error: new Error('gone') });
    expect(next.state).toBe('in');
  });

  it('does not let in who gave up before', async () => {
    const { come, queue } = setUp();
    const guest = come('a', 1, AbortSignal.abort(new Error('gone')));
    await settle();

    expect(guest).toMatchObject({ state: 'out', error: new Error('gone') });
    expect(queue.counts.inFlight).toBe(0);
  });

  it('frees the slot of who gave up as it was given', async () => {
    const { comeMany, come, queue } = setUp();
    const guests = comeMany('a', 4);
    const given = new AbortController();
    const late = come('b', 1, given.signal);
    await settle();
    guests[0]?.slot?.release();
    given.abort(new Error('gone'));
    await settle();

    late.slot?.release();
    expect(queue.counts).toMatchObject({ waiting: 0, inFlight: 3 });
  });

  it('turns away all that wait when it closes, and lets in whom it need not keep waiting', async () => {
    const { comeMany, come, queue } = setUp();
    const guests = comeMany('a', 6);
    await settle();
    queue.close(() => new Error('closed'));
    const refused = come('b');
    guests[0]?.slot?.release();
    const welcome = come('c');
    await settle();

    expect(guests[5]).toMatchObject({ state: 'out', error: new Error('closed') });
    expect([refused.state, welcome.state]).toEqual(['out', 'in']);
  });

  it('leaves no listener on the signal of who got in', async () => {
    const { comeMany, come } = setUp();
    const guests = comeMany('a', 4);
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const [add, remove] = [
      signal.addEventListener.bind(signal),
      signal.removeEventListener.bind(signal),
    ];
    signal.addEventListener = (...rest: Parameters<typeof add>) => {
      listeners += 1;
      add(...rest);
    };
    signal.removeEventListener = (...rest: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...rest);
    };
    come('b', 1, signal);
    await settle();
    guests[0]?.slot?.release();
    await settle();

    expect(listeners).toBe(0);
  });
});
