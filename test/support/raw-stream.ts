import { once } from 'node:events';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';

export const streamAggregatedResources =
  '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';

/** What came of a raw stream, once it is closed. */
export interface RawEnd {
  readonly head: IncomingHttpHeaders;
  readonly rawHead: readonly string[];
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The HTTP/2 error of the stream; 0 where there is none. */
  readonly reset: number;
}

/** One gRPC call without a gRPC library, of which a test sees everything. */
export interface RawStream {
  readonly stream: ClientHttp2Stream;
  /** The head of the answer. */
  readonly responded: Promise<IncomingHttpHeaders>;
  readonly ended: Promise<RawEnd>;
}

/** Begins a call; the caller writes and ends the stream. `read` false leaves the answer unread. */
export function openRaw(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  { read = true } = {},
): RawStream {
  const stream: ClientHttp2Stream = session.request({
    ':method': 'POST',
    ':path': streamAggregatedResources,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => undefined);
  let [head, trailers]: IncomingHttpHeaders[] = [{}, {}];
  let rawHead: readonly string[] = [];
  const chunks: Buffer[] = [];
  stream.on('response', (received, _flags, raw: readonly string[]) => {
    head = received;
    rawHead = raw;
  });
  stream.on('trailers', (received: IncomingHttpHeaders) => {
    trailers = received;
  });
  if (read) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const responded = once(stream, 'response').then(([received]) => received as IncomingHttpHeaders);
  // Not every test waits for an answer.
  responded.catch(() => undefined);
  const closed = new Promise<void>((resolve) => stream.once('close', resolve));
  return {
    stream,
    responded,
    ended: closed.then(() => ({
      head: head ?? {},
      rawHead,
      trailers: trailers ?? {},
      body: Buffer.concat(chunks),
      reset: stream.rstCode,
    })),
  };
}
