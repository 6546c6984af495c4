/** Why a PEM text was refused. */
export type PemRejection =
  | 'empty'
  | 'too_large'
  | 'not_ascii'
  | 'pem_missing'
  | 'pem_label'
  | 'pem_leading_data'
  | 'pem_trailing_data'
  | 'pem_count'
  | 'pem_boundary'
  | 'base64';

/** Thrown when a text is not the PEM (RFC 7468) that was asked for. */
export class PemError extends Error {
  readonly reason: PemRejection;
  /** Which block of a bundle is at fault, counted from 1. */
  readonly ordinal: number | undefined;

  constructor(reason: PemRejection, message: string, ordinal?: number) {
    super(message);
    this.name = 'PemError';
    this.reason = reason;
    this.ordinal = ordinal;
  }
}

export interface SinglePemOptions {
  /** The longest text that is looked at, in characters. */
  readonly maxLength: number;
}

const beginning = '-----BEGIN ';

/**
 * The bytes of a text that is exactly one PEM block with exactly this label: printable ASCII, LF or
 * CRLF, lines of any width, blank lines around it and nothing else. For text from outside, hence
 * the strict form of RFC 7468 section 3 and work that is linear in a bounded length.
 * Throws PemError.
 */
export function parseSinglePem(text: string, label: string, options: SinglePemOptions): Uint8Array {
  if (text.length > options.maxLength) {
    throw new PemError('too_large', `the text is longer than ${options.maxLength} characters`);
  }
  if (/[^\t\n\r -~]/.test(text)) {
    throw new PemError('not_ascii', 'the text has a character that is not printable ASCII');
  }
  const begin = `${beginning}${label}-----`;
  const start = skipBlankLines(text, 0);
  if (start === text.length) throw new PemError('empty', 'the text is empty');
  if (!text.startsWith(begin, start)) throw notTheBlock(text, start);

  const end = `-----END ${label}-----`;
  const bodyStart = start + begin.length;
  const bodyEnd = text.indexOf('-----', bodyStart);
  if (bodyEnd < 0 || !text.startsWith(end, bodyEnd)) {
    throw new PemError('pem_boundary', 'the block has no matching END line');
  }
  refuseWhatFollows(text, bodyEnd + end.length);

  const body = text.slice(bodyStart, bodyEnd);
  if (!/^\r?\n/.test(body) || !body.endsWith('\n')) {
    throw new PemError('pem_boundary', 'BEGIN and END must stand on lines of their own');
  }
  return decodeBase64(body.replace(/\r?\n/g, ''));
}

export interface CertificateBundleOptions {
  /** The longest text that is looked at, in characters; 1 MiB where absent. */
  readonly maxLength?: number;
}

/** A Kubernetes object, and so anything that holds such a bundle, is not larger. */
const maxBundleLength = 1024 * 1024;

/**
 * The bytes of every CERTIFICATE block of a text, one or more. Between the blocks comments and
 * blanks are passed over, as people keep them in trust bundles (RFC 7468 section 5.2); a block of
 * another kind, such as a private key, is refused. Throws PemError with the block's ordinal.
 */
export function parseCertificateBundle(
  text: string,
  { maxLength = maxBundleLength }: CertificateBundleOptions = {},
): readonly Uint8Array[] {
  if (text.length > maxLength) {
    throw new PemError('too_large', `the bundle is longer than ${maxLength} characters`);
  }
  const certificates: Uint8Array[] = [];
  let body: string[] | undefined;
  for (const rawLine of text.split('\n')) {
    const line = rawLine.trim();
    const ordinal = certificates.length + 1;
    if (body === undefined) {
      if (opensCertificate(line, ordinal)) body = [];
    } else if (closesCertificate(line, ordinal)) {
      certificates.push(decodeBase64(body.join(''), ordinal));
      body = undefined;
    } else {
      body.push(line);
    }
  }
  if (body !== undefined) throw notClosed(certificates.length + 1);
  if (certificates.length === 0) {
    throw new PemError('pem_missing', 'the bundle holds no certificate');
  }
  return certificates;
}

/** A PEM block of `der`: lines of 64 columns and a final newline (RFC 7468 section 2). */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  const lines = base64.replace(/.{64}(?=.)/g, '$&\n');
  return `${beginning}${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function skipBlankLines(text: string, from: number): number {
  const lines = /(?:\r?\n)*/y;
  lines.lastIndex = from;
  lines.exec(text);
  return lines.lastIndex;
}

function notTheBlock(text: string, start: number): PemError {
  if (text.startsWith(beginning, start)) {
    return new PemError('pem_label', 'the PEM block is of another kind');
  }
  return text.includes(beginning)
    ? new PemError('pem_leading_data', 'there is text before the PEM block')
    : new PemError('pem_missing', 'there is no PEM block');
}

function refuseWhatFollows(text: string, from: number): void {
  if (skipBlankLines(text, from) === text.length) return;
  throw text.includes(beginning, from)
    ? new PemError('pem_count', 'there is more than one PEM block')
    : new PemError('pem_trailing_data', 'there is text after the PEM block');
}

function opensCertificate(line: string, ordinal: number): boolean {
  if (line === '-----BEGIN CERTIFICATE-----') return true;
  if (line.startsWith(beginning)) {
    throw new PemError('pem_label', `block ${ordinal} is not a certificate`, ordinal);
  }
  if (line.includes('-----BEGIN') || line.includes('-----END')) {
    throw new PemError('pem_boundary', `a boundary shares its line near block ${ordinal}`, ordinal);
  }
  return false;
}

function closesCertificate(line: string, ordinal: number): boolean {
  if (line === '-----END CERTIFICATE-----') return true;
  if (line.includes('-----')) throw notClosed(ordinal);
  return false;
}

function notClosed(ordinal: number): PemError {
  return new PemError('pem_boundary', `block ${ordinal} has no matching END line`, ordinal);
}

/**
 * The decoder of Node passes over what it does not know. Whatever does not come out again as it went
 * in was not canonical: another alphabet, wrong padding, pad bits that are not zero, stray characters.
 */
function decodeBase64(text: string, ordinal?: number): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (text.length === 0 || bytes.toString('base64') !== text) {
    const where = ordinal === undefined ? '' : ` of block ${ordinal}`;
    throw new PemError('base64', `the base64 text${where} is not canonical`, ordinal);
  }
  return bytes;
}
