import { constants } from 'node:http2';
import type {
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';
import { sessionOf } from './divert-streams.ts';
import { answerWithStatusOnly, ownTrailers, unavailable } from './own-answer.ts';
import type { OwnAnswer } from './own-answer.ts';
import { responseToClient, trailersToClient } from './passed-headers.ts';
import type { Traffic } from './traffic.ts';

/** A stream to istiod and what became of its connection. */
export interface UpstreamStream {
  readonly stream: ClientHttp2Stream;
  /** Whether the whole connection has ended, as opposed to this stream alone. */
  isLost(): boolean;
  /** Resets the stream with CANCEL, unless it is closed. */
  cancel(): void;
}

export interface PassedStreamOptions {
  readonly client: ServerHttp2Stream;
  readonly traffic: Traffic;
  /** Called once, when the client's stream is closed. `failed`: we ended it, and not for a drain. */
  readonly onClose: (failed: boolean) => void;
}

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } =
  constants;

/**
 * One call that istiod answers: two HTTP/2 streams joined. Payload goes both ways as it comes, and
 * each side reads only as fast as the other takes it, so that what lies between them is bounded by
 * their windows. Whatever ends one side ends the other alike: half-close, status, reset.
 */
export class PassedStream {
  readonly #options: PassedStreamOptions;
  readonly #client: ServerHttp2Stream;
  #upstream: UpstreamStream | undefined;
  #trailers: OutgoingHttpHeaders = {};
  /** The status has been decided: what comes after it does not count. */
  #decided = false;
  #failed = false;

  constructor(options: PassedStreamOptions) {
    this.#options = options;
    this.#client = options.client;
    // A reset is an error too; "close" follows.
    this.#client.on('error', () => undefined);
    this.#client.once('close', () => {
      this.#clientClosed();
    });
  }

  /** Whether nobody waits for an answer any more. */
  get isOver(): boolean {
    return this.#decided || this.#client.closed || this.#client.destroyed;
  }

  /** Whether the client's connection takes no more streams: it is only waiting for this one. */
  get isOnClosingConnection(): boolean {
    return sessionOf(this.#client)?.closed ?? true;
  }

  /** Joins the client with istiod. Call it once. */
  join(upstream: UpstreamStream): void {
    const { traffic } = this.#options;
    const { stream } = upstream;
    this.#upstream = upstream;
    stream.on('error', () => undefined);
    stream.once('response', (headers, flags, raw: readonly string[]) => {
      this.#respond(headers, (flags & NGHTTP2_FLAG_END_STREAM) !== 0, raw);
    });
    stream.once('trailers', (headers: IncomingHttpHeaders, _flags, raw: readonly string[]) => {
      if (!this.#decided) this.#trailers = trailersToClient(headers, raw);
    });
    stream.once('close', () => {
      this.#upstreamClosed(upstream);
    });
    this.#client.on('data', (chunk: Buffer) => {
      traffic.bytesToUpstream += chunk.length;
    });
    this.#client.pipe(stream);
  }

  /** Ends the call with an answer of our own. Harmless where it has ended already. */
  end(answer: OwnAnswer, options: { readonly failed: boolean }): void {
    if (this.isOver) return;
    this.#failed = options.failed;
    this.#decided = true;
    const stream = this.#upstream?.stream;
    stream?.unpipe(this.#client);
    if (this.#client.headersSent) {
      this.#trailers = ownTrailers(answer);
      this.#client.end();
    } else {
      answerWithStatusOnly(this.#client, answer);
      this.#hangUp();
    }
    this.#upstream?.cancel();
  }

  #respond(headers: IncomingHttpHeaders, isWhole: boolean, raw: readonly string[]): void {
    const stream = this.#upstream?.stream;
    if (this.isOver || stream === undefined) return;
    const answer = responseToClient(headers, raw);
    try {
      // Not in Node's types: istiod's answer gets no date that istiod did not send.
      const asItCame = { sendDate: false };
      this.#client.respond(answer, { ...asItCame, endStream: isWhole, waitForTrailers: !isWhole });
    } catch {
      // A status that ends the answer by definition, or one that HTTP/2 does not have.
      this.#client.close(NGHTTP2_INTERNAL_ERROR);
      return;
    }
    if (isWhole) {
      stream.resume();
      this.#hangUp();
    } else {
      this.#carryBack(stream);
    }
  }

  #carryBack(stream: ClientHttp2Stream): void {
    const { traffic } = this.#options;
    this.#client.once('wantTrailers', () => {
      this.#decided = true;
      this.#client.sendTrailers(this.#trailers);
      this.#hangUp();
    });
    stream.on('data', (chunk: Buffer) => {
      traffic.bytesToClients += chunk.length;
    });
    stream.pipe(this.#client);
  }

  /** The answer is whole: a client that is still sending is told that nobody reads on. */
  #hangUp(): void {
    this.#decided = true;
    if (this.#client.readableEnded) return;
    // Unread it would keep the stream from being closed.
    this.#client.unpipe();
    this.#client.resume();
    // A reset now would overtake the trailers, which Node is just about to send.
    setImmediate(() => {
      if (!this.#client.closed) this.#client.close(NGHTTP2_NO_ERROR);
    });
  }

  #clientClosed(): void {
    const stream = this.#upstream?.stream;
    this.#upstream?.cancel();
    // What istiod still sends is of no use, and unread it would keep the stream.
    stream?.resume();
    this.#options.onClose(this.#failed);
  }

  #upstreamClosed(upstream: UpstreamStream): void {
    const { stream } = upstream;
    const isWhole = stream.rstCode === NGHTTP2_NO_ERROR && stream.readableEnded;
    if (isWhole || this.isOver) return;
    if (upstream.isLost())
      this.end(unavailable('the connection to istiod was lost'), { failed: true });
    else this.#client.close(stream.rstCode || NGHTTP2_CANCEL);
  }
}
