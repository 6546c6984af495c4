import { constants } from 'node:http2';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { PeerCertificate } from './request-authenticator.ts';
import { requestTooLarge } from './status-error.ts';

export type ServerRequest = IncomingMessage | Http2ServerRequest;
export type ServerAnswer = ServerResponse | Http2ServerResponse;

/** One request and its answer, the same over HTTP/1.1 and HTTP/2. */
export class HttpExchange {
  readonly #request: ServerRequest;
  readonly #response: ServerAnswer;
  #isGone = false;
  readonly #onGone = new Set<() => void>();
  #date: string | undefined;

  constructor(request: ServerRequest, response: ServerAnswer) {
    this.#request = request;
    this.#response = response;
    response.on('close', () => {
      this.#isGone = true;
      for (const listener of this.#onGone) listener();
      this.#onGone.clear();
    });
    // A reset by the client is reported by `close` too; unheard it would end the process.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
  }

  get method(): string {
    return this.#request.method ?? 'GET';
  }

  get url(): URL {
    return new URL(this.#request.url ?? '/', 'https://sandbox');
  }

  /** What time it is for the server, in milliseconds since the Unix epoch; Node's time where not told. */
  dateAnswer(now: number): void {
    this.#date = new Date(now).toUTCString();
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** The client's certificate, where it sent one that the TLS layer could verify. */
  get peerCertificate(): PeerCertificate | undefined {
    const socket =
      'stream' in this.#request ? this.#request.stream.session?.socket : this.#request.socket;
    if (!(socket instanceof TLSSocket) && !isProxyOfTls(socket)) return undefined;
    if (!socket.authorized) return undefined;
    const certificate = socket.getPeerCertificate();
    // The types promise a subject; a connection without a certificate gives an empty object.
    const subject = certificate.subject as typeof certificate.subject | undefined;
    if (subject === undefined) return undefined;
    return {
      commonName: String(subject.CN),
      organizations: [subject.O ?? []].flat(),
      der: certificate.raw,
    };
  }

  /** The whole body. Throws a StatusError (413) when it is longer than `limit` bytes. */
  async readBody(limit: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.#request as AsyncIterable<Buffer>) {
      length += chunk.length;
      // What is too much is read to its end all the same, so that the client gets its answer.
      if (length <= limit) chunks.push(chunk);
    }
    if (length > limit) throw requestTooLarge(limit);
    return Buffer.concat(chunks);
  }

  /** Answers, and ends the exchange. */
  answer(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: string | Uint8Array,
  ): void {
    if (this.#isGone) return;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    this.#writeHead(status, { ...headers, 'content-length': String(bytes.length) });
    this.#response.end(bytes);
  }

  /** Begins an answer that `write` continues. */
  startStream(headers: Readonly<Record<string, string>>): void {
    if (this.#isGone) return;
    this.#writeHead(200, headers);
    (this.#response as ServerResponse).flushHeaders();
  }

  write(text: string, whenWritten?: () => void): void {
    if (this.#isGone) return;
    // The two classes have the same method under two unrelated types.
    (this.#response as ServerResponse).write(text, whenWritten);
  }

  end(): void {
    if (!this.#isGone) this.#response.end();
  }

  /** Bytes that the client has not taken yet. */
  get backlog(): number {
    return this.#response.writableLength;
  }

  /** Breaks off: the connection in HTTP/1.1, the stream in HTTP/2. */
  drop(): void {
    if ('stream' in this.#response) this.#response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else this.#request.socket.destroy();
  }

  /** Calls `listener` once when the exchange is over, at once when it is already. */
  onGone(listener: () => void): void {
    if (this.#isGone) listener();
    else this.#onGone.add(listener);
  }

  #writeHead(status: number, headers: Readonly<Record<string, string>>): void {
    const date = this.#date === undefined ? {} : { date: this.#date };
    (this.#response as ServerResponse).writeHead(status, { ...date, ...headers });
  }
}

/** HTTP/2 hands out its socket behind a proxy that lets the TLS questions through. */
function isProxyOfTls(socket: unknown): socket is TLSSocket {
  return typeof socket === 'object' && socket !== null && 'getPeerCertificate' in socket;
}
