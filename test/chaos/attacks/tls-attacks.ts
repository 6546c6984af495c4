import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { rest } from './attack.ts';
import type { Attack } from './attack.ts';
import type { Target } from './raw-connection.ts';

const halfOpens = 2_000;
const openEvery = 20;
/** The head of a TLS record that announces a ClientHello, of which no more comes. */
const beginning = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]);

/** Not the good clients' address: turns are taken by address, and Linux has the whole of 127.0.0.0/8. */
const elsewhere = '127.0.0.66';

async function openHalf({ port }: Target, signal: AbortSignal): Promise<string> {
  const sockets: Socket[] = [];
  let refused = 0;
  for (let at = 0; at < halfOpens && !signal.aborted; at += 1) {
    const socket = connectTcp({ host: '127.0.0.1', port, localAddress: elsewhere }, () =>
      socket.write(beginning),
    );
    socket.on('error', () => undefined);
    socket.on('close', () => (refused += signal.aborted ? 0 : 1));
    sockets.push(socket);
    if (at % openEvery === 0) await rest(10, signal);
  }
  while (!signal.aborted) await rest(100, signal);
  for (const socket of sockets) socket.destroy();
  return `${sockets.length} half-open, of which the server closed ${refused}`;
}

/** Asks for a new handshake on one connection again and again, which TLS 1.2 would allow. */
async function renegotiate(target: Target, signal: AbortSignal): Promise<string> {
  let [asked, done] = [0, 0];
  while (!signal.aborted) {
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: target.port, ca: target.rootPem },
      ...{ servername: target.serverName, ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' },
    });
    await new Promise<void>((resolve) => {
      socket.on('error', () => resolve());
      socket.on('close', () => resolve());
      signal.addEventListener('abort', () => resolve(), { once: true });
      socket.once('secureConnect', () => {
        asked += 1;
        socket.renegotiate({ rejectUnauthorized: true }, (error) => {
          if (error === null) done += 1;
          resolve();
        });
      });
    });
    socket.destroy();
    await rest(5, signal);
  }
  if (done > 0) throw new Error(`the server renegotiated ${done} times`);
  return `${asked} asked for, none was granted`;
}

/** What is done to the handshake itself. */
export const tlsAttacks: readonly Attack[] = [
  {
    name: `${halfOpens} handshakes that are begun and never ended`,
    isShownByOthers: true,
    run: openHalf,
  },
  { name: 'TLS renegotiation', isShownByOthers: true, run: renegotiate },
];
