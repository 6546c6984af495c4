import { connect } from 'node:http2';
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';
import { serverName } from './tls-fixture.ts';

export const createCertificatePath = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

export interface RawAnswer {
  /** The HTTP status, 0 when the stream was reset before one came. */
  readonly httpStatus: number;
  readonly grpcStatus: number | undefined;
  readonly grpcMessage: string;
  /** The HTTP/2 error of the stream, such as 11 for ENHANCE_YOUR_CALM; 0 where there is none. */
  readonly reset: number;
}

/** A connection that lets a test send what no gRPC library would. */
export function connectRaw(port: number, rootPem: string): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, { ca: rootPem, servername: serverName });
  session.on('error', () => undefined);
  return session;
}

export function rawCall(
  session: ClientHttp2Session,
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const answer = { httpStatus: 0, grpcStatus: undefined as number | undefined, grpcMessage: '' };
    const read = (received: Readonly<Record<string, unknown>>): void => {
      if (received[':status'] !== undefined) answer.httpStatus = Number(received[':status']);
      if (received['grpc-status'] === undefined) return;
      answer.grpcStatus = Number(received['grpc-status']);
      answer.grpcMessage = decodeURI(String(received['grpc-message']));
    };
    const stream = session.request({
      ':method': 'POST',
      ':path': createCertificatePath,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('error', () => undefined);
    stream.on('close', () => {
      resolve({ ...answer, reset: stream.rstCode });
    });
    stream.resume();
    stream.end(body);
  });
}

/** One gRPC message with its five-byte head. */
export function grpcFrame(message: Uint8Array, { compressed = false } = {}): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed ? 1 : 0, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** A length-delimited protobuf field. */
export function field(number: number, value: Uint8Array | string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

/** A protobuf field of wire type varint. */
export function varintField(number: number, value: number): Uint8Array {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}

/** An entry of a google.protobuf.Struct whose google.protobuf.Value is `value`. */
export function structEntry(key: string, value: Uint8Array): Uint8Array {
  return field(1, Buffer.concat([field(1, key), field(2, value)]));
}

/** google.protobuf.Value's kinds. */
export const values = {
  null: varintField(1, 0),
  number: Buffer.concat([Uint8Array.of((2 << 3) | 1), new Uint8Array(8)]),
  string: (text: string): Uint8Array => field(3, text),
  bool: varintField(4, 1),
  struct: (struct: Uint8Array): Uint8Array => field(5, struct),
  list: (list: Uint8Array): Uint8Array => field(6, list),
  unset: new Uint8Array(),
};

/** An IstioCertificateRequest with this CSR and these struct entries. */
export function requestMessage(csr: Uint8Array | string, ...entries: Uint8Array[]): Uint8Array {
  return Buffer.concat([field(1, csr), field(4, Buffer.concat(entries))]);
}
