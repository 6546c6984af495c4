import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { createCertificatePath } from './raw-http2.ts';
import { serverName } from './tls-fixture.ts';

export const frames = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, windowUpdate: 8 };
export const continuation = 9;
export const flags = { none: 0, endStream: 1, endHeaders: 4 };

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** One HTTP/2 frame (RFC 9113 section 4.1). */
export function frame(type: number, flag: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** An HPACK string without Huffman coding (RFC 7541 section 5.2). */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([integer(bytes.length, 7), bytes]);
}

/** An HPACK integer whose prefix has that many bits (RFC 7541 section 5.1), after bits of zero. */
function integer(value: number, prefix: number): Buffer {
  const max = 2 ** prefix - 1;
  if (value < max) return Buffer.of(value);
  const bytes = [max];
  let rest = value - max;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.of(...bytes, rest);
}

/** A header that the decoder does not keep (RFC 7541 section 6.2.2). */
export function header(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0), text(name), text(value)]);
}

/** A header that the decoder keeps under the next index (RFC 7541 section 6.2.1). */
export function keptHeader(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x40), text(name), text(value)]);
}

/** The header that was kept last: one byte for all of it (RFC 7541 section 6.1). */
export const lastKeptHeader = Buffer.of(0x80 | 62);

/** The headers of a CreateCertificate call. */
export function callHeaders(...more: Uint8Array[]): Buffer {
  const own = { authorization: 'Bearer good', te: 'trailers', 'content-type': 'application/grpc' };
  const pseudo = {
    ...{ ':method': 'POST', ':scheme': 'https' },
    ...{ ':authority': serverName, ':path': createCertificatePath },
  };
  const pairs = Object.entries({ ...pseudo, ...own }).map(([name, value]) => header(name, value));
  return Buffer.concat([...pairs, ...more]);
}

/** A connection that has said no more of HTTP/2 than it must. */
export interface RawConnection {
  readonly socket: TLSSocket;
  /** Writes everything, or as much as the server takes before it closes. */
  send(bytes: Uint8Array): Promise<void>;
  /** Whether the server has closed the connection. */
  readonly closed: () => boolean;
  /** All that the server sent. */
  readonly received: () => Buffer;
}

export async function connectFrames(port: number, rootPem: string): Promise<RawConnection> {
  const socket = connect({
    ...{ host: '127.0.0.1', port, ca: rootPem, servername: serverName, ALPNProtocols: ['h2'] },
  });
  const received: Buffer[] = [];
  let closed = false;
  socket.on('data', (bytes: Buffer) => received.push(bytes));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
  });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  const send = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      socket.once('close', resolve);
      socket.write(bytes, () => {
        socket.off('close', resolve);
        resolve();
      });
    });
  await send(Buffer.concat([preface, frame(frames.settings, 0, 0, Buffer.alloc(0))]));
  return { socket, send, closed: () => closed, received: () => Buffer.concat(received) };
}
