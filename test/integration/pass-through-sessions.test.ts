import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { expectMeasured } from '../support/expect-measured.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { begin, cancel, lastCall, openLong, statusOf, until } from '../support/front-calls.ts';
import { startFront, stopFronts } from '../support/front-fixture.ts';
import { openRaw } from '../support/raw-stream.ts';
import { answer } from '../support/upstream-stand-in.ts';
import type { UpstreamCall } from '../support/upstream-stand-in.ts';

/** Both ends of each connection that leads to istiod over a wire. */
const wires: Socket[] = [];

afterEach(async () => {
  // First of all: over a wire that was cut nothing else would come to its end.
  for (const socket of wires.splice(0)) socket.destroy();
  await stopFronts();
});

/** A port that leads to another one. */
async function wire(port: number): Promise<number> {
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
    wires.push(near, far);
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A front whose way to istiod can be cut. */
async function startWired(behave: (call: UpstreamCall) => void) {
  const clock = new FakeClock();
  const front = await startFront({ upstream: { behave }, clock, between: wire });
  return { clock, front };
}

/** From now on nothing comes through, and nobody is told. */
function cutWires(): void {
  for (const socket of wires) socket.unpipe().pause();
}

describe('connections to istiod', () => {
  it('are shared by as many streams as are allowed', async () => {
    const front = await startFront({
      upstream: { behave: begin },
      limits: { streamsPerSession: 3, streamsPerConnection: 20 },
    });

    await Promise.all(Array.from({ length: 9 }, () => openLong(front)));

    expect(front.istiod.sessions.size).toBe(3);
    expect(front.passThrough.counters()).toMatchObject({ upstreamSessionsOpen: 3, streamsOpen: 9 });
  });

  it('carry no more streams than istiod admits', async () => {
    const front = await startFront({
      upstream: { behave: begin, settings: { maxConcurrentStreams: 2 } },
    });

    await Promise.all(Array.from({ length: 6 }, () => openLong(front)));

    expect(front.istiod.sessions.size).toBe(3);
  });

  it('are bounded, and who comes after that is told', async () => {
    const front = await startFront({
      upstream: { behave: begin },
      limits: { streamsPerSession: 1, sessions: 2 },
    });
    await openLong(front);
    await openLong(front);

    const call = openRaw(front.session);

    expect(await statusOf(call)).toBe('8 istiod has no room for another stream');
  });

  it('are closed when nobody has used them for a minute', async () => {
    const clock = new FakeClock();
    const front = await startFront({ upstream: { behave: answer }, clock });
    await openRaw(front.session).ended;
    const [session] = front.istiod.sessions;
    if (session === undefined) throw new Error('there is no connection');
    await until(() => front.passThrough.counters().streamsOpen === 0);
    const closed = once(session, 'close');

    await clock.advance(60_000);
    await closed;

    await until(() => front.passThrough.counters().upstreamSessionsOpen === 0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are given up when istiod does not answer a ping', async () => {
    const { clock, front } = await startWired(begin);
    const call = await openLong(front);
    cutWires();

    await clock.advance(30_000);
    await clock.advance(10_000);

    expect(await statusOf(call)).toBe('14 the connection to istiod was lost');
  });

  it('are asked whether they live when a stream comes after a time without', async () => {
    const { clock, front } = await startWired(answer);
    await openRaw(front.session).ended;
    await until(() => front.passThrough.counters().streamsOpen === 0);
    cutWires();

    const call = openRaw(front.session);
    await until(() => front.passThrough.counters().streamsTotal === 2);
    await clock.advance(5_000);

    expect(await statusOf(call)).toBe('14 the connection to istiod was lost');
  });

  it('are asked whether they live when nothing comes after a stream was begun beside others', async () => {
    const { clock, front } = await startWired(begin);
    const first = await openLong(front);
    await clock.advance(10_000);
    cutWires();

    const second = openRaw(front.session);
    await until(() => front.passThrough.counters().streamsTotal === 2);
    await clock.advance(1_000);
    await clock.advance(5_000);

    expect(await statusOf(first)).toBe('14 the connection to istiod was lost');
    expect(await statusOf(second)).toBe('14 the connection to istiod was lost');
  });

  it('are not asked while istiod answers', async () => {
    const clock = new FakeClock();
    const front = await startFront({ upstream: { behave: begin }, clock });
    await openLong(front);
    const [session] = front.istiod.sessions;
    if (session === undefined) throw new Error('there is no connection');
    await new Promise((resolve) => session.ping(resolve));
    let pings = 0;
    session.on('ping', () => (pings += 1));

    await openLong(front);
    await clock.advance(1_000);
    await new Promise((resolve) => session.ping(resolve));

    expect(pings).toBe(0);
  });

  it('live on while istiod answers pings', async () => {
    const clock = new FakeClock();
    const front = await startFront({ upstream: { behave: begin }, clock });
    await openLong(front);
    const [session] = front.istiod.sessions;
    if (session === undefined) throw new Error('there is no connection');

    for (let i = 0; i < 3; i += 1) {
      const pinged = once(session, 'ping');
      await clock.advance(30_000);
      await pinged;
      // Whoever answers this has read the answer that was sent before it.
      await new Promise((resolve) => session.ping(resolve));
    }

    expect(front.passThrough.counters().streamsOpen).toBe(1);
  });
});

describe('bounds', () => {
  it('hold for all streams', async () => {
    const front = await startFront({ upstream: { behave: begin }, limits: { streams: 2 } });
    await openLong(front);
    await openLong({ session: front.connect() });

    expect(await statusOf(openRaw(front.session))).toBe('8 too many streams');
  });

  it('hold for the streams of a connection, until one ends', async () => {
    const front = await startFront({
      upstream: { behave: begin },
      limits: { streamsPerConnection: 1 },
    });
    const first = await openLong(front);

    expect(await statusOf(openRaw(front.session))).toBe('8 too many streams on one connection');

    first.stream.close(cancel);
    await until(() => front.passThrough.counters().streamsOpen === 0);
    await openLong(front);
  });
});

describe('our own stop', () => {
  it('ends the streams with UNAVAILABLE one after the other, then all connections', async () => {
    const front = await startFront({
      upstream: { behave: begin },
      limits: { drainMs: 100, streamsPerConnection: 40 },
    });
    const calls = await Promise.all(Array.from({ length: 40 }, () => openLong(front)));

    const stopped = front.fixture.server.stop(10_000);

    const statuses = await Promise.all(calls.map(statusOf));
    expect(new Set(statuses)).toEqual(new Set(['14 the server is stopping, connect again']));
    await stopped;
    expect(front.passThrough.counters()).toMatchObject({ streamsOpen: 0, streamsFailed: 0 });
    await until(() => front.istiod.sessions.size === 0);
  });

  it('lets a stream that ends in time end by itself', async () => {
    const front = await startFront({ upstream: { behave: begin }, limits: { drainMs: 5_000 } });
    const call = await openLong(front);

    const stopped = front.fixture.server.stop(10_000);
    lastCall(front).stream.end('done');

    expect((await call.ended).trailers['grpc-status']).toBe('0');
    await stopped;
  });

  it('does not wait without a grace', async () => {
    const limit = { what: 'the end of a front', unit: 'ms', bound: { atMost: 1_000 } } as const;
    await expectMeasured(limit, async () => {
      const front = await startFront({ upstream: { behave: begin } });
      const call = await openLong(front);
      const start = performance.now();
      await front.fixture.server.stop(0);
      expect(await statusOf(call)).toBe('14 the server is stopping, connect again');
      return performance.now() - start;
    });
  });
});
