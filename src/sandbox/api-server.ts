import { createSecureServer } from 'node:http2';
import type { Http2SecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { HttpExchange } from './http-exchange.ts';

export interface ApiServerOptions {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** Client certificates of this authority are believed. */
  readonly clientCaPem: string;
  readonly serve: (exchange: HttpExchange) => Promise<void>;
}

/** The TLS listener on the loopback address: HTTP/2 and HTTP/1.1, as the client likes. */
export class ApiServer {
  readonly #server: Http2SecureServer;
  readonly #sockets = new Set<Socket>();

  constructor({ certificatePem, privateKeyPem, clientCaPem, serve }: ApiServerOptions) {
    this.#server = createSecureServer({
      allowHTTP1: true,
      cert: certificatePem,
      key: privateKeyPem,
      ca: clientCaPem,
      requestCert: true,
      // Whoever has none is anonymous or has a token; the authenticator decides.
      rejectUnauthorized: false,
      settings: { maxConcurrentStreams: 1000 },
    });
    this.#server.on('request', (request, response) => {
      void serve(new HttpExchange(request, response));
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    // A client that breaks off is no fault of ours.
    this.#server.on('sessionError', () => undefined);
    this.#server.on('tlsClientError', () => undefined);
  }

  /** Listens on 127.0.0.1; resolves to the URL. */
  async listen(port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    const { port: chosen } = this.#server.address() as AddressInfo;
    return `https://127.0.0.1:${chosen}`;
  }

  /** Breaks every connection, as a restart would; new ones are taken. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.dropConnections();
    await closed;
  }
}
