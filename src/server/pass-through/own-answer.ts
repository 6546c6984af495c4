import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';

/** How a passed stream ends when istiod did not end it. */
export interface OwnAnswer {
  readonly code: status;
  /** For the client; ASCII. */
  readonly message: string;
}

/** Nobody is there, or whoever was has gone. Clients come again by themselves. */
export function unavailable(message: string): OwnAnswer {
  return { code: status.UNAVAILABLE, message };
}

/** A bound is reached. */
export function exhausted(message: string): OwnAnswer {
  return { code: status.RESOURCE_EXHAUSTED, message };
}

export function ownTrailers({ code, message }: OwnAnswer): OutgoingHttpHeaders {
  return { 'grpc-status': String(code), 'grpc-message': encodeURIComponent(message) };
}

/** Ends a stream that nothing was sent on, with one header block (gRPC's Trailers-Only). */
export function answerWithStatusOnly(stream: ServerHttp2Stream, answer: OwnAnswer): void {
  const headers = { ':status': 200, 'content-type': 'application/grpc', ...ownTrailers(answer) };
  stream.respond(headers, { endStream: true });
}
