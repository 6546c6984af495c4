import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { Server } from '@grpc/grpc-js';
import type { ChannelOptions } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/base/clock.ts';
import { RotatingServerCredentials } from '../../src/server/credentials.ts';
import { silenceGrpcLog } from '../../src/server/grpc-log.ts';
import { divertStreams } from '../../src/server/pass-through/divert-streams.ts';
import { PassThrough } from '../../src/server/pass-through/pass-through.ts';
import { openRaw } from '../support/raw-stream.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { respond, UpstreamStandIn } from '../support/upstream-stand-in.ts';
import { connectRaw } from '../unit/server/support/raw-http2.ts';
import { createAuthority, serverName } from '../unit/server/support/tls-fixture.ts';

let stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.toReversed()) await stop();
  stops = [];
});

/** grpc-js with these bounds of a connection's life, which are minutes in a GrpcServer. */
async function start(bounds: ChannelOptions) {
  silenceGrpcLog();
  const authority = await createAuthority('root');
  const identity = await authority.issue({ dnsNames: [serverName] });
  const istiod = await UpstreamStandIn.start({
    identity,
    behave: ({ stream }) => respond(stream, { 'grpc-status': '0' }),
  });
  const passThrough = new PassThrough({
    upstream: {
      ...{ host: '127.0.0.1', port: istiod.port, serverName },
      rootsPem: () => authority.rootPem,
    },
    limits: { sweepMs: 100 },
    clock: systemClock,
    random: () => 0.5,
    log: new RecordingLogger(),
  });
  const grpc = new Server(bounds);
  const injector = grpc.createConnectionInjector(new RotatingServerCredentials(identity));
  divertStreams(grpc, (arrived) => {
    passThrough.accept(arrived);
    return true;
  });
  const listener: NetServer = createServer((socket) => injector.injectConnection(socket));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const session = connectRaw((listener.address() as AddressInfo).port, authority.rootPem);
  stops = [
    () => listener.close(),
    () => istiod.kill(),
    () => passThrough.stop(0),
    () => grpc.forceShutdown(),
    () => session.destroy(),
  ];
  return { session, istiod };
}

describe('a connection with a passed stream', () => {
  it('is not idle, and is when the stream has ended', async () => {
    const { session, istiod } = await start({ 'grpc.max_connection_idle_ms': 200 });
    const call = openRaw(session);
    await call.responded;

    await new Promise((resolve) => setTimeout(resolve, 700));

    expect(session.closed).toBe(false);
    const closed = once(session, 'close');
    istiod.calls[0]?.stream.end();
    expect((await call.ended).trailers['grpc-status']).toBe('0');
    await closed;
  });

  it('is told to go at its age, and the stream ends in order before it is cut', async () => {
    const { session } = await start({
      'grpc.max_connection_age_ms': 200,
      'grpc.max_connection_age_grace_ms': 5_000,
    });
    const goodbye = once(session, 'goaway');
    const call = openRaw(session);
    await call.responded;

    expect((await goodbye)[0]).toBe(0);
    const { trailers, reset } = await call.ended;

    expect(reset).toBe(0);
    expect(trailers).toMatchObject({ 'grpc-status': '14' });
    expect(decodeURIComponent(String(trailers['grpc-message']))).toBe(
      'the connection has reached its age, connect again',
    );
  });
});
