import type {
  Http2SecureServer,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** A request as Node's HTTP/2 server hands it over. */
export interface ArrivedStream {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/** Returns whether it takes the stream; else grpc-js gets it. Must not throw. */
export type TakeStream = (arrived: ArrivedStream) => boolean;

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
) => void;

const elsewhere = 'this version of @grpc/grpc-js';

/** The HTTP/2 servers inside of a grpc-js server. Throws an Error where they are kept elsewhere. */
export function http2ServersOf(server: Server): readonly Http2SecureServer[] {
  const found: unknown = Reflect.get(server, 'http2Servers');
  if (!(found instanceof Map) || found.size === 0) {
    throw new Error(`${elsewhere} keeps its HTTP/2 servers elsewhere`);
  }
  return [...(found as ReadonlyMap<Http2SecureServer, unknown>).keys()];
}

/**
 * Shows each stream to `take` before grpc-js, which answers what it does not know with UNIMPLEMENTED
 * and has no public way to hand a stream on. A stream that is taken still counts for grpc-js: its
 * connection is not idle. Call it when all other listeners are there. Throws an Error when grpc-js
 * is not built as it was.
 */
export function divertStreams(server: Server, take: TakeStream): void {
  const noteOpen: unknown = Reflect.get(server, 'onStreamOpened');
  if (typeof noteOpen !== 'function') {
    throw new Error(`${elsewhere} counts the streams of a connection elsewhere`);
  }
  for (const http2Server of http2ServersOf(server)) {
    const listeners = http2Server.listeners('stream') as StreamListener[];
    if (listeners.length === 0) throw new Error(`${elsewhere} takes its streams elsewhere`);
    http2Server.removeAllListeners('stream');
    const divert: StreamListener = (stream, headers, flags, rawHeaders) => {
      if (take({ stream, headers, rawHeaders })) {
        Reflect.apply(noteOpen, server, [stream]);
      } else {
        for (const listener of listeners) {
          Reflect.apply(listener, http2Server, [stream, headers, flags, rawHeaders]);
        }
      }
    };
    http2Server.on('stream', divert);
  }
}

/** The connection of a stream; undefined once it has ended. */
export function sessionOf(stream: ServerHttp2Stream): ServerHttp2Session | undefined {
  return stream.session as ServerHttp2Session | undefined;
}
