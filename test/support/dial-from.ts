import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { serverName } from '../unit/server/support/tls-fixture.ts';

/** An address of the loopback interface beside 127.0.0.1, from which everybody else calls. */
export const attackersAddress = '127.0.0.2';

/** A TCP connection to a port of 127.0.0.1 from another address of the loopback interface. */
export function dialFrom(localAddress: string, port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  socket.on('error', () => undefined);
  return socket;
}

/** The same with TLS over it, for HTTP/2. */
export function dialTlsFrom(localAddress: string, port: number, rootPem: string): TLSSocket {
  const socket = connectTls({
    ...{ socket: dialFrom(localAddress, port), ca: rootPem, servername: serverName },
    ALPNProtocols: ['h2'],
  });
  socket.on('error', () => undefined);
  return socket;
}

/** An HTTP/2 connection from there; without a root it is in plain text. */
export function connectHttp2From(
  localAddress: string,
  port: number,
  rootPem?: string,
): ClientHttp2Session {
  const scheme = rootPem === undefined ? 'http' : 'https';
  const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, {
    createConnection: () =>
      rootPem === undefined
        ? dialFrom(localAddress, port)
        : dialTlsFrom(localAddress, port, rootPem),
  });
  session.on('error', () => undefined);
  return session;
}
