import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type {
  Http2SecureServer,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
  Settings,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A call as it arrived at the stand-in. */
export interface UpstreamCall {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

export interface UpstreamStandInOptions {
  readonly identity: { readonly certificateChainPem: string; readonly privateKeyPem: string };
  /** Any free one where absent. */
  readonly port?: number;
  readonly settings?: Settings;
  /** Answers a call; it is left open where absent. */
  readonly behave?: (call: UpstreamCall) => void;
}

/** An HTTP/2 server over TLS in istiod's place, that does with a call whatever a test wants. */
export class UpstreamStandIn {
  readonly calls: UpstreamCall[] = [];
  readonly sessions = new Set<ServerHttp2Session>();
  /** Connections so far. */
  sessionsTotal = 0;
  behave: (call: UpstreamCall) => void;
  readonly #server: Http2SecureServer;
  readonly #waiting: ((call: UpstreamCall) => void)[] = [];

  private constructor({ identity, settings = {}, behave }: UpstreamStandInOptions) {
    this.behave = behave ?? (() => undefined);
    this.#server = createSecureServer({
      cert: identity.certificateChainPem,
      key: identity.privateKeyPem,
      settings,
    });
    this.#server.on('session', (session) => {
      this.sessions.add(session);
      this.sessionsTotal += 1;
      session.on('error', () => undefined);
      session.once('close', () => this.sessions.delete(session));
    });
    const onStream = (
      stream: ServerHttp2Stream,
      headers: IncomingHttpHeaders,
      _flags: number,
      rawHeaders: string[],
    ): void => {
      stream.on('error', () => undefined);
      const call = { stream, headers, rawHeaders };
      this.calls.push(call);
      this.behave(call);
      this.#waiting.shift()?.(call);
    };
    this.#server.on('stream', onStream);
  }

  static async start(options: UpstreamStandInOptions): Promise<UpstreamStandIn> {
    const standIn = new UpstreamStandIn(options);
    standIn.#server.listen(options.port ?? 0, '127.0.0.1');
    await once(standIn.#server, 'listening');
    return standIn;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next call that arrives from now on. */
  nextCall(): Promise<UpstreamCall> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends at once, as a process does that is killed. */
  async kill(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const session of this.sessions) session.destroy();
    await closed;
  }
}

/** Answers a call: head, body as it is, trailers. */
export function answer(
  { stream }: UpstreamCall,
  {
    head = {},
    body = Buffer.alloc(0),
    trailers = { 'grpc-status': '0' },
  }: {
    readonly head?: OutgoingHttpHeaders;
    readonly body?: Uint8Array;
    readonly trailers?: OutgoingHttpHeaders;
  } = {},
): void {
  respond(stream, trailers, head);
  stream.end(body);
}

/** Sends the head of an answer whose end will have these trailers. */
export function respond(
  stream: ServerHttp2Stream,
  trailers: OutgoingHttpHeaders,
  head: OutgoingHttpHeaders = {},
): void {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', ...head },
    { waitForTrailers: true },
  );
  stream.once('wantTrailers', () => {
    stream.sendTrailers(trailers);
  });
}
