import type { HostileEntry } from './csr-corpus-entry.ts';
import { hostile } from './csr-corpus-entry.ts';
import * as der from './der-writer.ts';
import * as csr from './csr-writer.ts';
import { longUri, workloadUri } from './csr-writer.ts';

/** Rows 28 to 43. */
export function hostileNames(): HostileEntry[] {
  const uri = csr.uriName(workloadUri);
  const text = Buffer.from(workloadUri);
  const names = (row: number, reason: string, name: string, list: Buffer[]): HostileEntry =>
    hostile(row, reason, name, { names: list });
  const spelled = (row: number, name: string, value: string | Buffer): HostileEntry =>
    names(row, 'san_encoding', name, [csr.uriName(value)]);
  const directory = der.context(4, der.sequence());
  const otherName = der.context(0, der.oid('1.2.3'), der.context(0, der.utf8String(workloadUri)));
  return [
    names(28, 'san_empty', 'no name in the subjectAltName', []),
    names(29, 'san_count', 'two URIs', [uri, csr.uriName('spiffe://cluster.local/ns/a/sa/b')]),
    names(30, 'san_count', 'the same URI twice', [uri, uri]),
    names(31, 'san_count', 'a URI and a DNS name', [
      uri,
      der.contextPrimitive(2, Buffer.from('a.b')),
    ]),
    names(31, 'san_count', 'a DNS name and a URI', [
      der.contextPrimitive(2, Buffer.from('a.b')),
      uri,
    ]),
    names(31, 'san_count', 'a URI and an address', [uri, der.contextPrimitive(7, Buffer.alloc(4))]),
    names(31, 'san_count', 'a URI and an email', [
      uri,
      der.contextPrimitive(1, Buffer.from('a@b')),
    ]),
    names(31, 'san_count', 'a URI and an otherName', [uri, otherName]),
    names(32, 'san_type', 'the id as a DNS name', [der.contextPrimitive(2, text)]),
    names(32, 'san_type', 'the id as an email', [der.contextPrimitive(1, text)]),
    names(32, 'san_type', 'the id as an otherName', [otherName]),
    names(32, 'san_type', 'the id as a registered id', [der.contextPrimitive(8, text)]),
    names(32, 'san_type', 'a directory name', [directory]),
    names(32, 'san_type', 'the id as an IA5String', [der.ia5String(workloadUri)]),
    names(32, 'san_type', 'a constructed URI', [der.context(6, der.ia5String(workloadUri))]),
    spelled(40, 'a NUL inside', `${workloadUri}\0.evil`),
    spelled(40, 'a NUL after', `${workloadUri}\0`),
    spelled(40, 'a newline after', `${workloadUri}\n`),
    spelled(40, 'CR LF inside', workloadUri.replace('/ns', '\r\n/ns')),
    spelled(40, 'a tab inside', workloadUri.replace('/ns', '\t/ns')),
    spelled(40, 'a space after', `${workloadUri} `),
    spelled(40, 'DEL after', `${workloadUri}\x7f`),
    spelled(41, 'a homoglyph', workloadUri.replace('httpbin', 'httрbin')),
    spelled(41, 'a right-to-left override', `${workloadUri}\u202e`),
    spelled(41, 'a composed accent', `${workloadUri}\u00e9`),
    spelled(41, 'a decomposed accent', `${workloadUri}e\u0301`),
    spelled(41, 'invalid UTF-8', Buffer.concat([text, Buffer.from([0xc3, 0x28])])),
    spelled(37, 'an empty URI', ''),
    names(43, 'san_too_long', 'a URI of 2049 bytes', [csr.uriName(longUri(2049))]),
    names(43, 'san_too_long', 'a URI of 11 KiB', [csr.uriName(longUri(11 * 1024))]),
    names(43, 'too_large', 'a URI of 60 KiB', [csr.uriName(longUri(60 * 1024))]),
  ];
}

/** Rows 56 to 61. */
export function hostileSubjects(): HostileEntry[] {
  const subject = (row: number, name: string, ...rdns: readonly Buffer[]): HostileEntry =>
    hostile(row, 'subject_not_empty', name, { subject: der.sequence(...rdns) });
  const one = (row: number, name: string, type: string, value = 'x'): HostileEntry =>
    subject(row, name, csr.rdn(type, der.utf8String(value)));
  const emptyO = csr.rdn('2.5.4.10', der.printableString(''));
  return [
    one(56, 'a common name', '2.5.4.3', 'httpbin-7d9f'),
    one(56, 'the id as common name', '2.5.4.3', workloadUri),
    one(57, 'O = system:masters', '2.5.4.10', 'system:masters'),
    one(57, 'O = x', '2.5.4.10'),
    subject(57, 'two empty organizations', emptyO, emptyO),
    one(58, 'an emailAddress', '1.2.840.113549.1.9.1', 'a@b.c'),
    one(58, 'a UID', '0.9.2342.19200300.100.1.1'),
    one(58, 'a DC', '0.9.2342.19200300.100.1.25'),
    one(58, 'a title', '2.5.4.12'),
    one(59, 'a serialNumber', '2.5.4.5'),
    one(59, 'a country', '2.5.4.6', 'DE'),
    one(59, 'a locality', '2.5.4.7'),
    one(59, 'an empty common name', '2.5.4.3', ''),
    subject(61, 'an empty organization as BMPString', csr.rdn('2.5.4.10', der.element(0x1e))),
    subject(61, 'an empty organization as TeletexString', csr.rdn('2.5.4.10', der.element(0x14))),
  ];
}
