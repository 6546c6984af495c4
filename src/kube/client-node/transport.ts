import { abortable } from '../../base/deadline.ts';
import type { Clock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Logger } from '../../base/logger.ts';
import { KubeApiError } from '../api-error.ts';
import type { KubernetesClientState } from '../client-state.ts';
import { refusedAnswer, unanswered } from './answer-errors.ts';
import type { Answer, CallName } from './answer-errors.ts';
import { CallLimiter } from './call-limiter.ts';
import type { CallEnd } from './call-limiter.ts';
import type { CallPriority } from './call-priority.ts';
import { ClockSkew } from './clock-skew.ts';
import { openConnections } from './connections.ts';
import type { Connections, ConnectionSettings } from './connections.ts';
import type { Credentials, TlsMaterial } from './credentials.ts';
import { untrusted } from './distrust.ts';
import { exchange } from './exchange.ts';
import type { ClusterAccess } from './kubeconfig.ts';

export interface TransportRequest extends CallName {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the server's root, with the query; a path prefix of the server included. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** Of a call; by its verb where absent. A stream waits for nobody. */
  readonly priority?: CallPriority | undefined;
  /** On whose behalf it is made; tenants go in turn where not all calls can go. */
  readonly tenant?: string | undefined;
}

/** How one try of a call went. */
export interface CallOutcome extends CallName {
  /** The HTTP status; undefined when no whole answer came. */
  readonly status: number | undefined;
  /** Whether we gave it up ourselves. */
  readonly aborted: boolean;
  /** Until the whole answer; of a watch, until it was accepted. */
  readonly durationMs: number;
}

export interface TransportOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly settings: ConnectionSettings;
  /** Told when the server goes away and comes back, and of clocks that differ. */
  readonly log?: Logger | undefined;
  /** Called at the end of each try; it must not throw. */
  readonly onCall?: ((outcome: CallOutcome) => void) | undefined;
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
  readonly #limiter: CallLimiter;
  readonly #skew: ClockSkew;
  #closed = false;

  constructor(options: TransportOptions) {
    const { access, clock, settings, log = silentLogger } = options;
    this.#options = options;
    this.#origin = new URL(access.server).origin;
    const { connections } = settings;
    // Never above the first number: each call has a connection of its own.
    const limit = {
      first: connections,
      max: connections,
      min: Math.min(minCalls, connections),
    };
    this.#limiter = new CallLimiter({ limit, clock, log });
    this.#skew = new ClockSkew({ clock, log });
  }

  get state(): KubernetesClientState {
    const { limit, inFlight, waiting, throttled, isAway } = this.#limiter;
    return { limit, inFlight, waiting, throttled, isAway, clockSkewMs: this.#skew.ms };
  }

  /**
   * Resolves with an answer of 200-299 whose body was read to its end, 16 MiB at most. It waits
   * first until the server can take it; see `CallLimiter`.
   */
  async call(request: TransportRequest, signal: AbortSignal): Promise<Answer> {
    const place = await this.#limiter.enter(request, signal).catch((error: unknown) => {
      throw signal.aborted ? (signal.reason as Error) : unanswered(error, request);
    });
    let end: CallEnd = { kind: 'given_up' };
    try {
      const answer = await this.#authenticated(request, signal, (credentials) =>
        exchange(
          this.#connected(credentials.tls).calls,
          this.#dispatch(request, credentials),
          signal,
        ),
      );
      end = { kind: 'answered', status: answer.status, retryAfterMs: undefined };
      this.#skew.note(answer.headers['date']);
      if (answer.status >= 200 && answer.status < 300) return answer;
      const refused = refusedAnswer(answer, request, this.#options.clock.now());
      end = { ...end, retryAfterMs: refused.retryAfterMs };
      throw refused;
    } catch (error) {
      if (hasNoAnswer(error)) end = { kind: 'unreachable' };
      throw error;
    } finally {
      place.leave(end);
    }
  }

  /** For how long the server will accept what proves us now; undefined where nothing tells. */
  async credentialsLastMs(signal: AbortSignal): Promise<number | undefined> {
    const { access, clock } = this.#options;
    // Where there are none the stream that follows says so, in the words of an API error.
    const reading = access.credentials().catch((): Partial<Credentials> => ({}));
    const { expiresAt } = await abortable(reading, signal);
    return expiresAt === undefined ? undefined : Math.max(0, expiresAt - clock.now());
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
    this.#skew.note(opened.headers['date']);
    if (opened.status === 200) return opened.body;
    throw refusedAnswer(opened, request, this.#options.clock.now());
  }

  /** Ends all calls and watches; idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#limiter.close(closedError());
    await this.#connections?.destroy();
  }

  /**
   * Sends once, and once more where newer credentials are to be had after a 401, or after the server
   * showed a certificate that we do not trust: nothing was sent then.
   */
  async #authenticated<A extends { readonly status: number }>(
    request: CallName,
    signal: AbortSignal,
    send: (credentials: Credentials) => Promise<A>,
  ): Promise<A> {
    const { access } = this.#options;
    try {
      const used = await abortable(access.credentials(), signal);
      const first = await this.#observed(request, signal, send(used)).catch(untrusted);
      if (!('distrusted' in first) && first.status !== 401) return first;
      const renewed = await abortable(access.renew(used), signal);
      if (renewed !== used) return await this.#observed(request, signal, send(renewed));
      if ('distrusted' in first) throw first.distrusted;
      return first;
    } catch (error) {
      if (signal.aborted) throw signal.reason as Error;
      throw unanswered(error, request);
    }
  }

  async #observed<A extends { readonly status: number }>(
    { verb, resource }: CallName,
    signal: AbortSignal,
    sent: Promise<A>,
  ): Promise<A> {
    const { clock, onCall } = this.#options;
    if (onCall === undefined) return sent;
    const start = clock.monotonic();
    let status: number | undefined;
    try {
      const answer = await sent;
      status = answer.status;
      return answer;
    } finally {
      const aborted = status === undefined && signal.aborted;
      onCall({ verb, resource, status, aborted, durationMs: clock.monotonic() - start });
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
    if (this.#closed) throw closedError();
    if (this.#connections !== undefined && this.#openedWith === tls) return this.#connections;
    this.#connections?.retire();
    this.#connections = openConnections(this.#origin, tls, this.#options.settings);
    this.#openedWith = tls;
    return this.#connections;
  }
}

/** Even a server that throttles us hard gets a second call beside a first that may be slow. */
const minCalls = 2;
const maxRefusalBytes = 64 * 1024;

/** The beginning of a body; the rest is thrown away with its connection. */
async function readStart(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxRefusalBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function closedError(): Error {
  return new Error('the connection to the API server was closed');
}

/** Whether the error says that the server could not be reached, or did not answer to the end. */
function hasNoAnswer(error: unknown): boolean {
  if (!(error instanceof KubeApiError) || error.status !== undefined) return false;
  return error.reason === 'ConnectionFailed' || error.reason === 'TimedOut';
}
