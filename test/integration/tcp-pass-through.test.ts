import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/base/clock.ts';
import type { Clock } from '../../src/base/clock.ts';
import { TcpPassThrough } from '../../src/server/pass-through/tcp-pass-through.ts';
import { expectMeasured } from '../support/expect-measured.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

let istiod: Server;
let behave: (socket: Socket) => void;
let sockets: Socket[];
let passThrough: TcpPassThrough | undefined;

beforeEach(async () => {
  [sockets, behave] = [[], () => undefined];
  istiod = createServer({ allowHalfOpen: true }, (socket) => {
    keep(socket);
    behave(socket);
  });
  istiod.listen(0, '127.0.0.1');
  await once(istiod, 'listening');
});

afterEach(async () => {
  await passThrough?.stop(0);
  for (const socket of sockets) socket.destroy();
  istiod.close();
});

function keep(socket: Socket): Socket {
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** Starts it before istiod and returns the port that clients use. */
async function start(
  options: {
    readonly port?: number;
    readonly maxConnections?: number;
    readonly clock?: Clock;
  } = {},
): Promise<number> {
  const { port = (istiod.address() as AddressInfo).port, clock = systemClock, ...bounds } = options;
  const upstream = { host: '127.0.0.1', port };
  passThrough = new TcpPassThrough({ upstream, clock, log: new RecordingLogger(), ...bounds });
  const address = await passThrough.start('127.0.0.1:0');
  return Number(address.split(':').at(-1));
}

function dial(port: number): Socket {
  return keep(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('a connection', () => {
  it('is carried both ways, and half-closed as its ends are', async () => {
    const [question, reply] = [randomBytes(1_000_000), randomBytes(2_000_000)];
    const asked = new Promise<Buffer>((resolve) => {
      behave = (socket) => {
        void readAll(socket).then((all) => {
          resolve(all);
          socket.end(reply);
        });
      };
    });
    const client = dial(await start());

    client.end(question);

    expect((await readAll(client)).equals(reply)).toBe(true);
    expect((await asked).equals(question)).toBe(true);
    await until(() => passThrough?.counters().connectionsOpen === 0);
    expect(passThrough?.counters()).toEqual({
      connectionsOpen: 0,
      connectionsTotal: 1,
      connectionsFailed: 0,
      bytesToUpstream: 1_000_000,
      bytesToClients: 2_000_000,
    });
  });

  it('is read no faster than the other end takes it', async () => {
    behave = (socket) => socket.pause();
    const client = dial(await start());
    const piece = Buffer.alloc(1_048_576);
    let written = 0;
    const stalled = new Promise<void>((resolve) => {
      const write = (): void => {
        const untilStall = setTimeout(resolve, 500);
        client.write(piece, () => {
          clearTimeout(untilStall);
          written += 1;
          if (written < 512) write();
          else resolve();
        });
      };
      write();
    });

    await stalled;

    // What the kernel holds for two connections on loopback, in MiB.
    expect(written).toBeLessThan(64);
  });

  it('is reset when istiod resets it', async () => {
    behave = (socket) => socket.resetAndDestroy();
    const client = dial(await start());

    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];

    expect(error.code).toBe('ECONNRESET');
  });

  it('ends at istiod when the client resets it', async () => {
    const arrived = new Promise<Socket>((resolve) => (behave = resolve));
    const client = dial(await start());
    const atIstiod = await arrived;
    const cut = once(atIstiod.resume(), 'error');

    client.resetAndDestroy();

    expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' });

    await until(() => passThrough?.counters().connectionsOpen === 0);
  });

  it('is reset when there is no istiod', async () => {
    const port = await start();
    istiod.close();
    await once(istiod, 'close');

    const [error] = (await once(dial(port), 'error')) as [NodeJS.ErrnoException];

    expect(error.code).toBe('ECONNRESET');
    expect(passThrough?.counters()).toMatchObject({ connectionsFailed: 1, connectionsOpen: 0 });
  });

  it('does not wait for an istiod that is not there for longer than five seconds', async () => {
    const clock = new FakeClock();
    // TEST-NET-1 of RFC 5737: a network without a route answers at once, one with a route never.
    passThrough = new TcpPassThrough({
      upstream: { host: '192.0.2.1', port: 9 },
      clock,
      log: new RecordingLogger(),
    });
    const address = await passThrough.start('127.0.0.1:0');
    const client = dial(Number(address.split(':').at(-1)));
    const failed = once(client, 'error');
    await until(() => passThrough?.counters().connectionsTotal === 1);

    await clock.advance(5_000);
    await failed;

    expect(passThrough.counters().connectionsFailed).toBe(1);
  });

  it('beyond the bound is closed as it comes', async () => {
    const port = await start({ maxConnections: 1 });
    dial(port);
    await until(() => passThrough?.counters().connectionsTotal === 1);

    const second = dial(port);
    await once(second.resume(), 'end');

    expect(passThrough?.counters().connectionsTotal).toBe(1);
  });
});

describe('stop', () => {
  it('lets connections end in the grace, and cuts what is left', async () => {
    const arrived = new Promise<Socket>((resolve) => (behave = resolve));
    const client = dial(await start());
    await arrived;
    const cut = once(client.resume(), 'error');

    await passThrough?.stop(50);

    expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' });
    await until(() => passThrough?.counters().connectionsOpen === 0);
  });

  it('does not wait when nothing is open', async () => {
    await expectMeasured(
      { what: 'the end of a server without connections', unit: 'ms', bound: { atMost: 500 } },
      async () => {
        await start();
        const before = performance.now();
        await passThrough?.stop(10_000);
        return performance.now() - before;
      },
    );
  });
});
