import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  callHeaders,
  connectFrames,
  continuation,
  flags,
  frame,
  frames,
  header,
  keptHeader,
  lastKeptHeader,
  uint32,
} from '../unit/server/support/raw-frames.ts';
import type { RawConnection } from '../unit/server/support/raw-frames.ts';
import { chainElements } from '../unit/server/support/fakes.ts';
import { grpcFrame, requestMessage } from '../unit/server/support/raw-http2.ts';
import { goodCall, startServer, stopServers } from '../unit/server/support/server-fixture.ts';
import type { ServerFixture } from '../unit/server/support/server-fixture.ts';
import { serverName } from '../unit/server/support/tls-fixture.ts';
import { expectWithinMs } from '../support/expect-measured.ts';
import { eventually } from '../support/running-mesh.ts';

const nothing = Buffer.alloc(0);

let fixture: ServerFixture;
let attacker: RawConnection;
/** How often a good client was served in this test. */
let served: number;
beforeAll(async () => {
  fixture = await startServer();
});
afterAll(async () => {
  await stopServers();
});
beforeEach(async () => {
  served = 0;
  attacker = await connectFrames(fixture.port, fixture.authority.rootPem);
  fixture.issuer.seen.splice(0);
  fixture.authenticator.seen.splice(0);
  fixture.decisions.outcomes.splice(0);
});
afterEach(async () => {
  attacker.socket.destroy();
  await eventually(() => fixture.service.inFlight === 0 && fixture.server.unreadCalls === 0);
});

/** A good client on a connection of its own, while the attack goes on. */
async function expectGoodService(): Promise<void> {
  await expectWithinMs(2_500, 'a good client beside an attack', async () => {
    const client = fixture.client();
    await expect(client.request(goodCall)).resolves.toEqual(chainElements);
    served += 1;
    client.close();
  });
}

function many(count: number, make: (at: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));
}

function opened(stream: number, flag: number): Buffer {
  return frame(frames.headers, flag | flags.endHeaders, stream, callHeaders());
}

describe('a good client is served beside one that', () => {
  it('opens streams and resets them (CVE-2023-44487), which is cut off', async () => {
    const cancel = uint32(8);
    const flood = attacker.send(
      many(3_000, (at) =>
        Buffer.concat([opened(2 * at + 1, flags.none), frame(frames.reset, 0, 2 * at + 1, cancel)]),
      ),
    );
    await expectGoodService();
    await flood;
    await eventually(attacker.closed);

    expect(fixture.issuer.seen).toHaveLength(served);
  });

  it('has a decision line for each call that it resets', async () => {
    const streams = 50;
    await attacker.send(
      many(streams, (at) =>
        Buffer.concat([
          opened(2 * at + 1, flags.none),
          frame(frames.data, 0, 2 * at + 1, Buffer.alloc(5)),
        ]),
      ),
    );
    await eventually(() => fixture.server.unreadCalls === streams);
    await attacker.send(many(streams, (at) => frame(frames.reset, 0, 2 * at + 1, uint32(8))));
    await eventually(() => fixture.decisions.outcomes.length === streams);

    expect(new Set(fixture.decisions.codes)).toEqual(new Set(['CANCELLED']));
    await expectGoodService();
  });

  it('never ends its headers (CONTINUATION flood), which is cut off', async () => {
    const start = frame(frames.headers, flags.none, 1, callHeaders());
    const more = frame(continuation, flags.none, 1, header('x', 'y'.repeat(4_000)));
    const flood = attacker.send(Buffer.concat([start, many(2_000, () => more)]));
    await expectGoodService();
    await flood;
    await eventually(attacker.closed);

    expect(fixture.issuer.seen).toHaveLength(served);
  });

  it('sends empty CONTINUATION frames, which is cut off', async () => {
    const start = frame(frames.headers, flags.none, 1, callHeaders());
    const empty = frame(continuation, flags.none, 1, nothing);
    const flood = attacker.send(Buffer.concat([start, many(20_000, () => empty)]));
    await expectGoodService();
    await flood;

    await eventually(attacker.closed);
  });

  it.each([
    ['pings', frame(frames.ping, 0, 0, Buffer.alloc(8))],
    ['settings', frame(frames.settings, 0, 0, nothing)],
  ])('floods it with %s and does not read the answers, which is cut off', async (_name, one) => {
    attacker.socket.pause();
    const flood = attacker.send(many(100_000, () => one));
    await expectGoodService();
    await flood;
    attacker.socket.resume();

    await eventually(attacker.closed);
  });

  it('overflows the window, which is cut off', async () => {
    await attacker.send(many(2, () => frame(frames.windowUpdate, 0, 0, uint32(0x7fffffff))));
    await expectGoodService();

    await eventually(attacker.closed);
  });

  it('sends a bomb of compressed headers, which reaches nobody', async () => {
    const bomb = Buffer.concat([
      keptHeader('x-bomb', 'y'.repeat(3_900)),
      many(4_000, () => lastKeptHeader),
    ]);
    await attacker.send(
      frame(frames.headers, flags.endHeaders | flags.endStream, 1, callHeaders(bomb)),
    );
    await expectGoodService();

    expect(fixture.authenticator.seen).toHaveLength(served);
  });

  it('stops in the middle of its headers', async () => {
    await attacker.send(frame(frames.headers, flags.none, 1, callHeaders().subarray(0, 20)));

    await expectGoodService();
  });

  it('sends its message in frames of one byte, and is served itself', async () => {
    const message = grpcFrame(requestMessage('x'.repeat(10_000)));
    const parts = Buffer.concat([...message].map((byte) => frame(0, 0, 1, Buffer.of(byte))));
    const whole = Buffer.concat([opened(1, 0), parts, frame(0, flags.endStream, 1, nothing)]);
    const flood = attacker.send(whole);
    await expectGoodService();
    await flood;

    await eventually(() => fixture.issuer.seen.length === served + 1);
  });

  it('sends frames without a byte', async () => {
    const empty = frame(frames.data, 0, 1, nothing);
    const flood = attacker.send(Buffer.concat([opened(1, 0), many(100_000, () => empty)]));
    await expectGoodService();
    await flood;

    expect(fixture.issuer.seen).toHaveLength(served);
  });

  it('opens 300 connections and never shakes hands', async () => {
    const idle = Array.from({ length: 300 }, () => connectTcp(fixture.port, '127.0.0.1'));
    for (const socket of idle) socket.on('error', () => undefined);
    await Promise.all(
      idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))),
    );
    await expectGoodService();

    for (const socket of idle) socket.destroy();
    await eventually(() => fixture.server.connections < 50);
  });

  it('asks to negotiate TLS anew, which it is not given', async () => {
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: fixture.port, ca: fixture.authority.rootPem },
      ...{ servername: serverName, ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' },
    });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    let renegotiated = false;
    socket.on('secure', () => {
      renegotiated = true;
    });
    socket.renegotiate({}, () => undefined);
    await expectGoodService();
    await new Promise((resolve) => setTimeout(resolve, 100));

    expect(socket.getProtocol()).toBe('TLSv1.2');
    expect(renegotiated).toBe(false);
    socket.destroy();
  });
});

describe('a half-open handshake', () => {
  it('is over after five seconds at most', async () => {
    await expectWithinMs(6_500, 'a half-open handshake', () => {
      const socket = connectTcp(fixture.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      return new Promise((resolve) => socket.once('close', resolve));
    });
  }, 30_000);
});
