import { createHash } from 'node:crypto';
import type { HostileEntry } from './csr-corpus-entry.ts';
import { hostile } from './csr-corpus-entry.ts';
import * as der from './der-writer.ts';
import * as csr from './csr-writer.ts';
import { pemOf, workloadUri, writeCsr, writeCsrPem } from './csr-writer.ts';
import { soundRsaKey } from './rsa-modulus.ts';

/** Rows 62 to 67. */
export function hostileEncodings(): HostileEntry[] {
  const good = writeCsr();
  const raw = (row: number, reason: string, name: string, bytes: Uint8Array): HostileEntry => ({
    ...{ row, reason, name, pem: pemOf(bytes) },
  });
  const indefinite = Buffer.concat([Buffer.from([0x30, 0x80]), good.subarray(4), Buffer.alloc(2)]);
  const signed = (row: number, reason: string, name: string, change: (info: Buffer) => Buffer) =>
    hostile(row, reason, name, { mutateSigned: change });
  let deep = der.integer(1);
  for (let depth = 0; depth < 20; depth += 1) deep = der.sequence(deep);
  const wide = der.sequence(...Array.from({ length: 600 }, () => der.nullValue()));
  const longForm = (info: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0x30, 0x82, 0x00]), info.subarray(2)]);
  return [
    hostile(62, 'version', 'version 1', { version: der.integer(1) }),
    hostile(62, 'version', 'version 2', { version: der.integer(2) }),
    hostile(62, 'der_value', 'a negative version', {
      version: der.element(2, Buffer.from([0xff])),
    }),
    hostile(62, 'der_tag', 'no version', { version: Buffer.alloc(0) }),
    raw(63, 'der_length', 'the outer length indefinite', indefinite),
    signed(63, 'der_length', 'an inner length indefinite', (info) =>
      Buffer.concat([Buffer.from([0x30, 0x80]), info.subarray(3), Buffer.alloc(2)]),
    ),
    signed(63, 'der_length', 'a length longer than it need be', longForm),
    hostile(63, 'der_tag', 'a constructed string', {
      names: [der.element(0x36, der.ia5String(workloadUri))],
    }),
    raw(
      65,
      'der_trailing_data',
      'a byte after the request',
      Buffer.concat([good, Buffer.alloc(1)]),
    ),
    raw(65, 'der_trailing_data', 'the request twice', Buffer.concat([good, good])),
    hostile(65, 'der_trailing_data', 'a byte after the key', {
      spki: der.sequence(
        der.sequence(der.oid('1.2.840.113549.1.1.1'), der.nullValue()),
        der.bitString(Buffer.concat([soundRsaKey(), Buffer.alloc(1)])),
      ),
    }),
    hostile(65, 'der_trailing_data', 'a byte after the names', {
      extensions: [
        csr.extension(
          '2.5.29.17',
          Buffer.concat([der.sequence(csr.uriName(workloadUri)), Buffer.alloc(1)]),
        ),
      ],
    }),
    hostile(66, 'der_too_deep', 'twenty levels', { subject: deep }),
    hostile(66, 'der_too_many_elements', 'six hundred elements', { subject: wide }),
    hostile(66, 'der_too_many_elements', 'six hundred names', {
      names: Array.from({ length: 600 }, () => der.contextPrimitive(6, Buffer.alloc(0))),
    }),
    raw(67, 'der_truncated', 'the last byte missing', good.subarray(0, -1)),
    raw(67, 'der_truncated', 'one byte', Buffer.from([0x30])),
    raw(67, 'der_tag', 'an INTEGER', der.integer(1)),
    raw(67, 'der_value', 'an empty SEQUENCE', der.sequence()),
  ];
}

/** Rows 68 to 81. */
export function hostilePem(): HostileEntry[] {
  const good = writeCsrPem();
  const bytes = writeCsr();
  const base64 = bytes.toString('base64');
  const wrapped = (text: string): string =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----\n`;
  const text = (row: number, reason: string, name: string, pem: string): HostileEntry => ({
    ...{ row, reason, name, pem },
  });
  const certificate = pemOf(bytes, 'CERTIFICATE');
  const paddedBytes = writeOfLength(1);
  const padded = paddedBytes.toString('base64');
  const padBits = padded.replace(/(.)==$/, (_, last: string) => `${successor(last)}==`);
  return [
    text(68, 'empty', 'nothing', ''),
    text(68, 'empty', 'blank lines only', '\n\r\n\n'),
    text(68, 'pem_missing', 'blanks only', ' \t '),
    text(69, 'too_large', 'blank lines up to 32 KiB', good + '\n'.repeat(32 * 1024)),
    text(69, 'too_large', 'one character above 16 KiB', good.padEnd(16 * 1024 + 1, '\n')),
    text(72, 'pem_count', 'two requests', good + good),
    text(72, 'pem_count', 'a request and a certificate', good + certificate),
    text(
      72,
      'pem_count',
      'a request and a private key',
      good + pemOf(Buffer.alloc(9), 'PRIVATE KEY'),
    ),
    text(
      72,
      'pem_label',
      'a private key and a request',
      pemOf(Buffer.alloc(9), 'PRIVATE KEY') + good,
    ),
    text(73, 'pem_label', 'NEW CERTIFICATE REQUEST', pemOf(bytes, 'NEW CERTIFICATE REQUEST')),
    text(74, 'pem_label', 'the label FOO', pemOf(bytes, 'FOO')),
    text(74, 'pem_label', 'the label CERTIFICATE', certificate),
    text(74, 'pem_label', 'a label in lower case', pemOf(bytes, 'certificate request')),
    text(
      74,
      'pem_boundary',
      'an END of another label',
      good.replace(/END .*-----/, 'END FOO-----'),
    ),
    text(74, 'pem_boundary', 'no END', good.replace(/-----END[^]*/, '')),
    text(
      74,
      'pem_boundary',
      'END on the last line of base64',
      good.replace('\n-----END', '-----END'),
    ),
    text(
      74,
      'pem_boundary',
      'base64 on the BEGIN line',
      good.replace('REQUEST-----\n', 'REQUEST-----'),
    ),
    text(76, 'pem_leading_data', 'text before', `hello\n${good}`),
    text(76, 'pem_leading_data', 'a space before', ` ${good}`),
    text(76, 'pem_trailing_data', 'text after', `${good}hello\n`),
    text(76, 'pem_trailing_data', 'a space after', `${good} `),
    text(78, 'not_ascii', 'a byte order mark', `\ufeff${good}`),
    text(78, 'not_ascii', 'a replaced invalid byte', good.replace('MI', '\ufffd\ufffd')),
    text(78, 'not_ascii', 'a NUL', `${good}\0`),
    text(79, 'base64', 'a stray character', wrapped(`${base64.slice(0, 64)}!${base64.slice(64)}`)),
    text(79, 'base64', 'a space inside', wrapped(`${base64.slice(0, 64)} ${base64.slice(64)}`)),
    text(79, 'base64', 'a bare CR inside', wrapped(`${base64.slice(0, 64)}\r${base64.slice(64)}`)),
    text(79, 'base64', 'the URL-safe alphabet', wrapped(`-_${base64.slice(2)}`)),
    text(79, 'base64', 'padding left out', wrapped(padded.replace(/=+$/, ''))),
    text(79, 'base64', 'padding that is not needed', wrapped(`${padded}====`)),
    text(79, 'base64', 'padding in the middle', wrapped(`AA==${base64}`)),
    text(79, 'base64', 'pad bits that are not zero', wrapped(padBits)),
    text(79, 'base64', 'a header', wrapped(`Proc-Type: 4,ENCRYPTED\n\n${base64}`)),
    text(79, 'base64', 'no base64', wrapped('')),
    text(80, 'pem_missing', 'bare base64', base64),
    text(80, 'pem_missing', 'hexadecimal', bytes.toString('hex')),
    text(80, 'not_ascii', 'raw DER', bytes.toString('latin1')),
    text(
      81,
      'too_large',
      '100 000 BEGIN lines',
      '-----BEGIN CERTIFICATE REQUEST-----\n'.repeat(1e5),
    ),
    text(
      81,
      'pem_boundary',
      '400 BEGIN lines',
      '-----BEGIN CERTIFICATE REQUEST-----\n'.repeat(400),
    ),
  ];
}

/** A good request whose length leaves `rest` when divided by three, for its padding. */
function writeOfLength(rest: number): Buffer {
  for (let attempt = 0; ; attempt += 1) {
    const tail = createHash('sha256')
      .update(String(attempt))
      .digest('hex')
      .slice(0, attempt % 8);
    const request = writeCsr({ names: [csr.uriName(`${workloadUri}${tail}`)] });
    if (request.length % 3 === rest) return request;
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function successor(letter: string): string {
  return alphabet.charAt(alphabet.indexOf(letter) + 1);
}
