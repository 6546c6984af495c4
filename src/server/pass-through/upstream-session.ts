import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { Clock, Timer } from '../../base/clock.ts';
import type { UpstreamStream } from './passed-stream.ts';

/** Where the real istiod is, and how it proves that it is. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  /** The name that its certificate must hold, and the `:authority` of what is passed on. */
  readonly serverName: string;
  /** The roots that its certificate must lead to, PEM; asked for each connection anew. */
  readonly rootsPem: () => string;
}

/** Bounds of one connection to istiod. */
export interface UpstreamSessionLimits {
  /** Streams at once, where istiod does not ask for fewer. */
  readonly streamsPerSession: number;
  readonly connectTimeoutMs: number;
  /** How often a connection with streams is asked whether it lives. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** A connection without streams is closed after this time. */
  readonly idleMs: number;
}

export interface UpstreamSessionOptions {
  readonly upstream: Upstream;
  readonly limits: UpstreamSessionLimits;
  readonly clock: Clock;
  /** Called once, when the connection has ended. */
  readonly onClose: (session: UpstreamSession) => void;
}

/** Room for what all streams of a connection have in flight, beyond HTTP/2's 64 KiB. */
const connectionWindow = 1_048_576;
const maxHeaderBytes = 65_536;
/** So soon something comes of a stream that was begun, if only a window's update. */
const signMs = 1_000;

/** A TLS connection to istiod that many streams share. */
export class UpstreamSession {
  readonly #session: ClientHttp2Session;
  readonly #options: UpstreamSessionOptions;
  readonly #streams = new Set<ClientHttp2Stream>();
  /** It takes no more streams: istiod sent GOAWAY, or we did. */
  #isClosing = false;
  #isLost = false;
  /** Until we ask whether it lives, or close it. */
  #timer: Timer | undefined;
  /** While a ping has no answer. */
  #unanswered: Timer | undefined;
  /** Until we look whether anything came after a stream was begun. */
  #look: Timer | undefined;

  private constructor(session: ClientHttp2Session, options: UpstreamSessionOptions) {
    this.#session = session;
    this.#options = options;
    session.setLocalWindowSize(connectionWindow);
    session.once('goaway', () => {
      this.#isClosing = true;
    });
    session.once('close', () => {
      this.#isClosing = true;
      this.#timer?.cancel();
      this.#unanswered?.cancel();
      this.#look?.cancel();
      options.onClose(this);
    });
    this.#awaitSilence();
  }

  /**
   * Resolves when istiod has proved itself and has sent its settings. Rejects with why not, after
   * `connectTimeoutMs` at the latest, or with the signal's reason.
   */
  static async open(
    options: UpstreamSessionOptions,
    signal: AbortSignal,
  ): Promise<UpstreamSession> {
    signal.throwIfAborted();
    const session = dial(options.upstream);
    // Without a listener an error of a connection would end the process; "close" follows.
    session.on('error', () => undefined);
    await settingsOf(session, options, signal);
    return new UpstreamSession(session, options);
  }

  /** Whether a stream can be begun now. */
  get hasRoom(): boolean {
    const { closed, destroyed, remoteSettings } = this.#session;
    if (this.#isClosing || closed || destroyed) return false;
    const admitted = remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
    return this.#streams.size < Math.min(this.#options.limits.streamsPerSession, admitted);
  }

  /** Begins a stream. Throws an Error when the headers cannot be sent or there is no room. */
  request(headers: OutgoingHttpHeaders): UpstreamStream {
    if (!this.hasRoom) throw new Error('the connection takes no more streams');
    const stream: ClientHttp2Stream = this.#session.request(headers, { endStream: false });
    this.#streams.add(stream);
    stream.once('close', () => {
      this.#streams.delete(stream);
      if (this.#streams.size === 0) this.#awaitSilence();
    });
    // A connection may have ended unnoticed: when istiod goes just as we write, Node (24.21) takes the
    // failed write for one under way for ever, and reads nothing while it is.
    if (this.#streams.size === 1) this.#ping(this.#options.limits.connectTimeoutMs);
    // Streams that were cancelled then are never closed: this one may be the first that anybody needs.
    else this.#lookForSigns();
    return {
      stream,
      isLost: () => this.#isLost || this.#session.destroyed,
      cancel: () => {
        cancel(stream);
      },
    };
  }

  /** Ends the connection and every stream on it. */
  destroy(reason?: Error): void {
    this.#isLost = true;
    for (const stream of this.#streams) cancel(stream);
    this.#session.destroy(reason);
  }

  /** Busy connections are asked whether they live, idle ones are closed. */
  #awaitSilence(): void {
    this.#timer?.cancel();
    if (this.#session.closed || this.#session.destroyed) return;
    const { clock, limits } = this.#options;
    // Servers take pings on an idle connection for an attack (grpc-go: too_many_pings).
    if (this.#streams.size > 0) {
      this.#timer = clock.timer(limits.keepaliveMs, () => {
        this.#ping(limits.keepaliveTimeoutMs);
      });
    } else {
      this.#timer = clock.timer(limits.idleMs, () => {
        this.#isClosing = true;
        this.#session.close();
      });
    }
  }

  /** Asks whether the connection lives where nothing at all comes after a stream was begun. */
  #lookForSigns(): void {
    const { clock, limits } = this.#options;
    if (this.#session.destroyed) return;
    const before = this.#session.socket.bytesRead;
    this.#look ??= clock.timer(signMs, () => {
      this.#look = undefined;
      if (this.#session.destroyed || this.#session.socket.bytesRead > before) return;
      this.#ping(limits.connectTimeoutMs);
    });
  }

  #ping(timeoutMs: number): void {
    if (this.#unanswered !== undefined || this.#session.destroyed) return;
    this.#unanswered = this.#options.clock.timer(timeoutMs, () => {
      this.destroy(new Error('istiod does not answer a ping'));
    });
    this.#session.ping((error) => {
      this.#unanswered?.cancel();
      this.#unanswered = undefined;
      if (error === null) this.#awaitSilence();
    });
  }
}

/**
 * The only code that we ever reset a stream to istiod with. Up to Node 22.22 (nghttp2 1.64) a client
 * that was once sent a reset itself and then resets a stream with another code, or destroys its
 * connection with streams on it, never returns from it.
 */
function cancel(stream: ClientHttp2Stream): void {
  if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
}

function dial({ host, port, serverName, rootsPem }: Upstream): ClientHttp2Session {
  const ca = rootsPem();
  // With nothing to know istiod by, nobody is istiod, whatever Node makes of an empty list.
  if (!ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Error('there is no root certificate to know istiod by');
  }
  const origin = `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  return connect(origin, {
    ca,
    minVersion: 'TLSv1.2',
    // An address is no name for SNI (RFC 6066 section 3).
    servername: isIP(serverName) === 0 ? serverName : '',
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
    settings: { enablePush: false, maxHeaderListSize: maxHeaderBytes },
    /** Megabytes: a hundred streams and what they have in flight. */
    maxSessionMemory: 64,
  });
}

/** They come first of all, so whoever has sent them speaks HTTP/2. */
async function settingsOf(
  session: ClientHttp2Session,
  { clock, limits }: UpstreamSessionOptions,
  signal: AbortSignal,
): Promise<void> {
  const giveUp = (): void => {
    session.destroy(signal.reason as Error);
  };
  const late = clock.timer(limits.connectTimeoutMs, () => {
    session.destroy(new Error(`no HTTP/2 connection within ${limits.connectTimeoutMs} ms`));
  });
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      session.once('error', reject);
      session.once('close', () => {
        reject(new Error('the connection ended before its settings came'));
      });
      session.once('remoteSettings', () => {
        resolve();
      });
    });
  } finally {
    late.cancel();
    signal.removeEventListener('abort', giveUp);
  }
}
