/** Frame types of RFC 9113, section 6. */
export const frameTypes = {
  data: 0x0,
  headers: 0x1,
  resetStream: 0x3,
  settings: 0x4,
  ping: 0x6,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const flags = { ack: 0x1, endStream: 0x1, endHeaders: 0x4 } as const;

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export interface FrameParts {
  readonly type: number;
  readonly flags?: number;
  readonly stream?: number;
  readonly payload?: Uint8Array;
}

/** One HTTP/2 frame, whatever sense it makes. */
export function frame({ type, flags: flag = 0, stream = 0, payload }: FrameParts): Buffer {
  const body = payload ?? Buffer.alloc(0);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** A frame whose payload is one 32-bit number: RST_STREAM's error, WINDOW_UPDATE's increment. */
export function numberFrame(type: number, stream: number, value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return frame({ type, stream, payload });
}

/** An HPACK literal (RFC 7541, section 6.2), without Huffman codes; `indexed` keeps it in the table. */
export function literal(name: string, value: string, indexed = false): Buffer {
  return Buffer.concat([Buffer.from([indexed ? 0x40 : 0x00]), text(name), text(value)]);
}

/** The newest entry of the dynamic table. */
export const newestEntry = Buffer.from([0x80 | 62]);

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([prefixed(bytes.length), bytes]);
}

/** An integer with a prefix of seven bits (RFC 7541, section 5.1). */
function prefixed(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const octets = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  return Buffer.from([...octets, rest]);
}

/** The header block of a call to CreateCertificate, with more headers or others. */
export function callHeaders(more: Readonly<Record<string, string>> = {}): Buffer {
  const all = {
    ':method': 'POST',
    ':scheme': 'https',
    ':path': '/istio.v1.auth.IstioCertificateService/CreateCertificate',
    ':authority': 'istiod.istio-system.svc',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  };
  return Buffer.concat(Object.entries(all).map(([name, value]) => literal(name, value)));
}
