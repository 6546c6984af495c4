import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { frame, frameTypes, preface } from './h2-frames.ts';

export interface Target {
  readonly port: number;
  readonly rootPem: string;
  readonly serverName: string;
  /** A good token, for what is judged only behind authentication. */
  readonly token: string;
}

const handshakeMs = 5_000;

/** A TLS connection that speaks HTTP/2 by hand: it sends any frames, and answers none. */
export class RawConnection {
  readonly #socket: TLSSocket;
  #isOpen = true;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('close', () => {
      this.#isOpen = false;
    });
    // That the server breaks off is what it should do.
    socket.on('error', () => undefined);
    socket.resume();
  }

  /** Connects and sends the preface; undefined where nobody takes the connection in time. */
  static async open(target: Target, signal: AbortSignal): Promise<RawConnection | undefined> {
    const { port, rootPem: ca, serverName: servername } = target;
    const socket = connectTls({ host: '127.0.0.1', port, ca, servername, ALPNProtocols: ['h2'] });
    const connection = new RawConnection(socket);
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    const isThere = await new Promise<boolean>((resolve) => {
      const late = setTimeout(() => socket.destroy(), handshakeMs);
      socket.once('secureConnect', () => resolve(true));
      socket.once('close', () => {
        clearTimeout(late);
        resolve(false);
      });
      socket.once('secureConnect', () => clearTimeout(late));
    });
    if (!isThere) return undefined;
    await connection.send(Buffer.concat([preface, frame({ type: frameTypes.settings })]));
    return connection;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** From now on nothing is read, so that what the server writes piles up. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Writes as fast as the other side takes it; resolves at once where it is closed. */
  async send(bytes: Uint8Array): Promise<void> {
    if (!this.#isOpen || this.#socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.once('drain', done);
      this.#socket.once('close', done);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
