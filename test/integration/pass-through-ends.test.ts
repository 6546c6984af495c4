import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../support/fake-clock.ts';
import {
  begin,
  cancel,
  lastCall,
  openLong,
  statusOf,
  unreachable,
  until,
} from '../support/front-calls.ts';
import { startFront, stopFronts } from '../support/front-fixture.ts';
import { openRaw } from '../support/raw-stream.ts';
import { respond } from '../support/upstream-stand-in.ts';
import { chainElements } from '../unit/server/support/fakes.ts';
import { goodCall } from '../unit/server/support/server-fixture.ts';

afterEach(async () => {
  await stopFronts();
});

describe('a stream ends', () => {
  it('at istiod when the client cancels', async () => {
    const front = await startFront({ upstream: { behave: begin } });
    const call = await openLong(front);
    const { stream } = lastCall(front);
    const closed = once(stream, 'close');

    call.stream.close(cancel);
    await closed;

    expect(stream.rstCode).toBe(cancel);
    await until(() => front.passThrough.counters().streamsOpen === 0);
    expect(front.passThrough.counters()).toMatchObject({ streamsTotal: 1, streamsFailed: 0 });
  });

  it('at istiod when the connection of the client breaks', async () => {
    const front = await startFront({ upstream: { behave: begin } });
    const call = await openLong(front);
    const { stream } = lastCall(front);
    const closed = once(stream, 'close');

    call.stream.session?.destroy();
    await closed;

    expect(stream.rstCode).toBe(cancel);
    expect(front.istiod.sessions.size).toBe(1);
  });

  it('at istiod also when the client cancels with much unread on both sides', async () => {
    const front = await startFront();
    front.istiod.behave = ({ stream }) => {
      respond(stream, { 'grpc-status': '0' });
      stream.write(Buffer.alloc(4_194_304));
    };
    const call = openRaw(front.session, {}, { read: false });
    call.stream.write(Buffer.alloc(4_194_304));
    await call.responded;
    const closed = once(lastCall(front).stream, 'close');

    call.stream.close(cancel);
    await closed;

    await until(() => front.passThrough.counters().streamsOpen === 0);
    expect(front.istiod.sessions.size).toBe(1);
  });

  it.each([
    ['refused', 7],
    ['cancelled', 8],
    ['calmed', 11],
    ['broken', 2],
  ])('with the code by which istiod resets it: %s', async (_, code) => {
    const front = await startFront({ upstream: { behave: begin } });
    const call = await openLong(front);

    lastCall(front).stream.close(code);

    expect(await call.ended).toMatchObject({ reset: code, trailers: {} });
  });

  it('with a reset before any answer as well', async () => {
    const { istiod, session } = await startFront();
    istiod.behave = ({ stream }) => stream.close(7);

    expect(await openRaw(session).ended).toMatchObject({ head: {}, reset: 7 });
  });

  it('in order when istiod says goodbye, and the next one goes to a new connection', async () => {
    const front = await startFront({ upstream: { behave: begin } });
    const old = await openLong(front);
    const [session] = front.istiod.sessions;
    const { stream } = lastCall(front);

    session?.close();
    // Until the goodbye arrives istiod refuses, and a gRPC library tries again by itself.
    while (front.istiod.sessionsTotal < 2) {
      await openLong(front).catch(() => undefined);
    }

    stream.end('the last words');
    const end = await old.ended;
    expect(end.body.toString()).toBe('the last words');
    expect(end.trailers['grpc-status']).toBe('0');
  });

  it('with UNAVAILABLE when istiod dies, and the next one finds it again', async () => {
    const clock = new FakeClock();
    const front = await startFront({ upstream: { behave: begin }, clock });
    const call = await openLong(front);

    await front.istiod.kill();
    expect(await statusOf(call)).toBe('14 the connection to istiod was lost');
    expect(await statusOf(openRaw(front.session))).toBe(unreachable);
    expect(front.passThrough.counters()).toMatchObject({
      streamsFailed: 2,
      upstreamSessionsOpen: 0,
      upstreamReachable: false,
    });

    await front.restart();
    expect(await statusOf(openRaw(front.session))).toBe(unreachable);
    await clock.advance(5_000);
    await openLong(front);
    expect(front.passThrough.counters()).toMatchObject({ upstreamReachable: true });
  });
});

describe('while istiod is away', () => {
  it('certificates are issued', async () => {
    const front = await startFront();
    await front.istiod.kill();

    expect(await statusOf(openRaw(front.session))).toBe(unreachable);
    await expect(front.fixture.client().request(goodCall)).resolves.toEqual(chainElements);
  });

  it('the log says so once', async () => {
    const clock = new FakeClock();
    const front = await startFront({ clock });
    await front.istiod.kill();

    for (let i = 0; i < 5; i += 1) {
      await statusOf(openRaw(front.session));
      await clock.advance(5_000);
    }

    const said = front.logger.lines.filter(({ level }) => level !== 'debug');
    expect(said.map(({ message }) => message)).toEqual(['istiod is not reachable']);
  });

  it('nobody waits for one that accepts and says nothing longer than the bound', async () => {
    const clock = new FakeClock();
    const front = await startFront({ clock });
    await front.istiod.kill();
    const mute = createServer();
    mute.listen(front.istiodPort, '127.0.0.1');
    const accepted = once(mute, 'connection');
    const call = openRaw(front.session);
    const [socket] = (await accepted) as [Socket];

    await clock.advance(5_000);

    expect(await statusOf(call)).toBe(unreachable);
    socket.destroy();
    mute.close();
  });
});

describe('istiod is taken for', () => {
  it('nobody when its certificate does not lead to the roots', async () => {
    const other = await startFront();
    const front = await startFront({ rootsPem: other.fixture.authority.rootPem });

    expect(await statusOf(openRaw(front.session))).toBe(unreachable);
    expect(front.istiod.calls).toEqual([]);
  });

  it('nobody while there are no roots to know it by', async () => {
    const front = await startFront({ rootsPem: '' });

    expect(await statusOf(openRaw(front.session))).toBe(unreachable);
    expect(front.logger.lines[0]?.fields['error']).toEqual(
      new Error('there is no root certificate to know istiod by'),
    );
  });

  it('nobody when its certificate has another name', async () => {
    const front = await startFront({ dnsNames: ['istiod.elsewhere.svc'] });

    expect(await statusOf(openRaw(front.session))).toBe(unreachable);
    expect(front.istiod.calls).toEqual([]);
  });
});
