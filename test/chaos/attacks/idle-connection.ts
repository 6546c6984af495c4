import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { flags, frame, frameTypes, preface } from './h2-frames.ts';
import type { Target } from './raw-connection.ts';

const openWithinMs = 20_000;
const headBytes = 9;

/**
 * Opens a connection as a client that then has nothing to ask: it takes part in HTTP/2, answers pings and
 * settings, and opens no stream. It costs this process little, so that there can be thousands. Resolves
 * once the server has sent its settings, with false where it does not take the connection; ends with the
 * signal.
 */
export function openIdle(target: Target, signal: AbortSignal): Promise<boolean> {
  const { port, rootPem: ca, serverName: servername } = target;
  const socket = connectTls({ host: '127.0.0.1', port, ca, servername, ALPNProtocols: ['h2'] });
  return new Promise((resolve) => {
    const late = setTimeout(() => socket.destroy(), openWithinMs);
    const end = (): void => void socket.destroy();
    signal.addEventListener('abort', end, { once: true });
    // That it closes idle connections is what the server should do.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(late);
      signal.removeEventListener('abort', end);
      resolve(false);
    });
    socket.once('secureConnect', () => {
      socket.write(Buffer.concat([preface, frame({ type: frameTypes.settings })]));
    });
    answerFrames(socket, () => {
      clearTimeout(late);
      resolve(true);
    });
  });
}

/** Acknowledges what wants to be (RFC 9113, sections 6.5.3 and 6.7); tells of each settings frame. */
function answerFrames(socket: TLSSocket, onSettings: () => void): void {
  let unread: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes]);
    while (unread.length >= headBytes) {
      const end = headBytes + unread.readUIntBE(0, 3);
      if (unread.length < end) return;
      const [type, flag] = [unread.readUInt8(3), unread.readUInt8(4)];
      const payload = unread.subarray(headBytes, end);
      unread = unread.subarray(end);
      if ((flag & flags.ack) !== 0) continue;
      if (type === frameTypes.ping) socket.write(frame({ type, flags: flags.ack, payload }));
      if (type !== frameTypes.settings) continue;
      socket.write(frame({ type, flags: flags.ack }));
      onSettings();
    }
  });
}
