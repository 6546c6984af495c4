import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { ConnectionLimiter } from '../../../src/server/connection-limiter.ts';
import type { ConnectionLimits } from '../../../src/server/connection-limiter.ts';
import { FakeClock } from '../../support/fake-clock.ts';

class FakeSocket extends EventEmitter {
  readonly remoteAddress: string;
  closed: 'politely' | 'cut' | undefined;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroySoon(): void {
    this.closed = 'politely';
    this.emit('close');
  }

  destroy(): this {
    this.closed = 'cut';
    this.emit('close');
    return this;
  }
}

function setUp(limits: Partial<ConnectionLimits> = {}) {
  const clock = new FakeClock();
  const opened: FakeSocket[] = [];
  const limiter = new ConnectionLimiter<FakeSocket>({
    open: (socket) => opened.push(socket),
    clock,
    limits: { handshakes: { perSecond: 10, burst: 2 }, ...limits },
  });
  const arrive = (address = '10.0.0.1'): FakeSocket => {
    const socket = new FakeSocket(address);
    limiter.arrive(socket);
    return socket;
  };
  const arriveMany = (count: number, address?: string): readonly FakeSocket[] =>
    Array.from({ length: count }, () => arrive(address));
  return { clock, limiter, opened, arrive, arriveMany };
}

describe('ConnectionLimiter', () => {
  it('opens a burst at once and the rest at its pace', async () => {
    const { arriveMany, clock, limiter, opened } = setUp();
    arriveMany(5);
    expect(opened).toHaveLength(2);
    expect(limiter.counts).toMatchObject({ open: 5, waiting: 3, opened: 2 });
    await clock.advance(100);
    expect(opened).toHaveLength(3);
    await clock.advance(200);

    expect(opened).toHaveLength(5);
    expect(clock.pendingTimers).toBe(0);
  });

  it('opens 8 at once and 300 a second by default', async () => {
    const clock = new FakeClock();
    let opened = 0;
    const open = (): void => void (opened += 1);
    const limiter = new ConnectionLimiter<FakeSocket>({ open, clock });
    for (let count = 0; count < 2_000; count += 1) limiter.arrive(new FakeSocket('10.0.0.1'));
    expect(opened).toBe(8);
    await clock.advance(1_000);

    expect(opened).toBeGreaterThanOrEqual(307);
    expect(opened).toBeLessThanOrEqual(309);
  });

  it('opens no more than there is room for, and the next when one has gone', async () => {
    const { arriveMany, clock, limiter, opened } = setUp({ maxOpened: 3 });
    const [first, second] = arriveMany(5);
    await clock.advance(5_000);
    expect(opened).toHaveLength(3);
    expect(limiter.counts).toMatchObject({ open: 5, waiting: 2 });
    first?.destroy();
    second?.destroy();
    await clock.advance(200);
    expect(opened).toHaveLength(5);
  });

  it('turns away who has waited too long for room', async () => {
    const { arriveMany, clock, limiter } = setUp({ maxOpened: 1, waitMs: 15_000 });
    const [, waits] = arriveMany(2);
    await clock.advance(15_000);
    expect(waits?.closed).toBe('politely');
    expect(limiter.counts.closed.waitedTooLong).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('opens in turn by address, so that a flood waits for itself', async () => {
    const { arrive, arriveMany, clock, opened } = setUp();
    arriveMany(50);
    const other = arrive('10.0.0.2');
    await clock.advance(200);

    expect(opened).toContain(other);
  });

  it('closes politely who has waited too long', async () => {
    const { arriveMany, clock, limiter } = setUp({ waitMs: 250 });
    const sockets = arriveMany(6);
    await clock.advance(300);

    expect(sockets.map(({ closed }) => closed)).toEqual([
      ...[undefined, undefined, undefined, undefined],
      ...['politely', 'politely'],
    ]);
    expect(limiter.counts).toMatchObject({ open: 4, waiting: 0, closed: { waitedTooLong: 2 } });
    expect(clock.pendingTimers).toBe(0);
  });

  it('closes who comes when too many wait', () => {
    const { arriveMany, limiter } = setUp({ maxWaiting: 3 });
    const sockets = arriveMany(6);

    expect(sockets.at(-1)?.closed).toBe('politely');
    expect(limiter.counts).toMatchObject({ waiting: 3, closed: { waitingFull: 1 } });
  });

  it('closes one of the flood for who comes from elsewhere', () => {
    const { arrive, arriveMany } = setUp({ maxWaiting: 3 });
    const flood = arriveMany(5);
    const other = arrive('10.0.0.2');

    expect(other.closed).toBeUndefined();
    expect(flood.at(-1)?.closed).toBe('politely');
  });

  it('forgets who leaves while it waits', async () => {
    const { arriveMany, clock, limiter, opened } = setUp();
    const sockets = arriveMany(3);
    sockets[2]?.emit('close');
    await clock.advance(1_000);

    expect(opened).toHaveLength(2);
    expect(limiter.counts).toMatchObject({ open: 2, waiting: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not count by address unless told to', () => {
    const { arriveMany, limiter } = setUp({ handshakes: { perSecond: 1, burst: 1_000 } });
    arriveMany(1_000);

    expect(limiter.counts.opened).toBe(1_000);
  });

  it('bounds the open connections of an address where told to', () => {
    const { arrive, arriveMany, limiter } = setUp({
      handshakes: { perSecond: 1, burst: 100 },
      maxPerAddress: 3,
    });
    const [first, , , fourth] = arriveMany(4);
    expect(fourth?.closed).toBe('politely');
    expect(arrive('10.0.0.2').closed).toBeUndefined();
    first?.emit('close');

    expect(arrive().closed).toBeUndefined();
    expect(limiter.counts.closed.addressLimit).toBe(1);
  });

  it('closes who waits and who comes when it stops, and leaves alone who is in', () => {
    const { arrive, arriveMany, clock, limiter, opened } = setUp();
    const sockets = arriveMany(3);
    limiter.stop();
    const late = arrive();

    expect(sockets.map(({ closed }) => closed)).toEqual([undefined, undefined, 'politely']);
    expect(late.closed).toBe('politely');
    expect(opened).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });

  it('cuts all that are left', () => {
    const { arriveMany, limiter } = setUp();
    const sockets = arriveMany(2);
    limiter.cut();

    expect(sockets.map(({ closed }) => closed)).toEqual(['cut', 'cut']);
    expect(limiter.counts.open).toBe(0);
  });
});
