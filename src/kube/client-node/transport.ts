import { abortable } from '../../base/deadline.ts';
import type { Clock } from '../../base/clock.ts';
import { refusedAnswer, unanswered } from './answer-errors.ts';
import type { Answer, CallName } from './answer-errors.ts';
import { openConnections } from './connections.ts';
import type { Connections, ConnectionSettings } from './connections.ts';
import type { Credentials, TlsMaterial } from './credentials.ts';
import { exchange } from './exchange.ts';
import type { ClusterAccess } from './kubeconfig.ts';

export interface TransportRequest extends CallName {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the server's root, with the query; a path prefix of the server included. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

export interface TransportOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly settings: ConnectionSettings;
}

/**
 * The one way to the API server: shared connections, current credentials, no redirects. Everything
 * that goes wrong is a `KubeApiError`, but for an abort, which rejects with the signal's own reason.
 */
export class KubeTransport {
  readonly #options: TransportOptions;
  readonly #origin: string;
  #connections: Connections | undefined;
  #openedWith: TlsMaterial | undefined;
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#origin = new URL(options.access.server).origin;
  }

  /** Resolves with an answer of 200-299 whose body was read to its end, 16 MiB at most. */
  async call(request: TransportRequest, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#authenticated(request, signal, (credentials) =>
      exchange(
        this.#connected(credentials.tls).calls,
        this.#dispatch(request, credentials),
        signal,
      ),
    );
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusedAnswer(answer, request, this.#options.clock.now());
  }

  /** Resolves when the server has accepted the request, with its body as it comes. */
  async stream(request: TransportRequest, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const opened = await this.#authenticated(request, signal, async (credentials) => {
      const { watches } = this.#connected(credentials.tls);
      const response = await watches.request({ ...this.#dispatch(request, credentials), signal });
      const { statusCode: status, headers, body } = response;
      // A refusal is read at once: unread, it would keep its connection.
      const text = status === 200 ? '' : await readStart(body);
      return { status, headers, body: body as AsyncIterable<Buffer>, text };
    });
    if (opened.status === 200) return opened.body;
    throw refusedAnswer(opened, request, this.#options.clock.now());
  }

  /** Ends all calls and watches; idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#connections?.destroy();
  }

  /** Sends once, and once more where newer credentials are to be had after a 401. */
  async #authenticated<A extends { readonly status: number }>(
    request: CallName,
    signal: AbortSignal,
    send: (credentials: Credentials) => Promise<A>,
  ): Promise<A> {
    const { access } = this.#options;
    try {
      const used = await abortable(access.credentials(), signal);
      const answer = await send(used);
      if (answer.status !== 401) return answer;
      const renewed = await abortable(access.renew(used), signal);
      return renewed === used ? answer : await send(renewed);
    } catch (error) {
      if (signal.aborted) throw signal.reason as Error;
      throw unanswered(error, request);
    }
  }

  #dispatch(request: TransportRequest, credentials: Credentials) {
    const { method, path, headers, body } = request;
    return {
      method,
      path,
      body: body ?? null,
      // Otherwise undici closes the connection after each DELETE that has a body, and one TLS
      // handshake costs more than ten calls. The API server reads such bodies to their end.
      reset: false,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        'user-agent': this.#options.userAgent,
        ...credentials.headers,
      },
    };
  }

  /** New certificates mean new connections; those under way end on the old ones. */
  #connected(tls: TlsMaterial): Connections {
    if (this.#closed) throw new Error('the connection to the API server was closed');
    if (this.#connections !== undefined && this.#openedWith === tls) return this.#connections;
    this.#connections?.retire();
    this.#connections = openConnections(this.#origin, tls, this.#options.settings);
    this.#openedWith = tls;
    return this.#connections;
  }
}

const longestRefusalBytes = 64 * 1024;

/** The beginning of a body; the rest is thrown away with its connection. */
async function readStart(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > longestRefusalBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
