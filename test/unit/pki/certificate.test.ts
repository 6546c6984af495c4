import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CertificateError } from '../../../src/pki/errors.ts';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import { parseCertificateBundle } from '../../../src/pki/pem.ts';
import * as writer from '../../support/certificate-writer.ts';
import { writeCertificate } from '../../support/certificate-writer.ts';
import {
  algorithm,
  extension,
  pemOf,
  spkiOf,
  storedKey,
  uriName,
} from '../../support/csr-writer.ts';
import * as der from '../../support/der-writer.ts';
import { expectProperty } from '../../support/expect-property.ts';
import { fastestMs } from '../../support/fastest.ts';
import { thrownBy } from '../../support/thrown-by.ts';

const reasonFor = (bytes: Uint8Array): unknown =>
  (thrownBy(() => parseCertificate(bytes)) as CertificateError | undefined)?.reason;

describe('a certificate', () => {
  const bytes = writeCertificate({
    subject: writer.commonName('leaf'),
    extensions: [
      writer.basicConstraints(),
      writer.keyUsage(0xa0, 5),
      extension('2.5.29.37', der.sequence(der.oid('1.3.6.1.5.5.7.3.2'), der.oid('1.2.3'))),
      writer.subjectAltNames(
        uriName('spiffe://td/ns/a/sa/b'),
        der.contextPrimitive(2, Buffer.from('a.b')),
        der.contextPrimitive(1, Buffer.from('a@b')),
        der.contextPrimitive(7, Buffer.from([127, 0, 0, 1])),
        der.contextPrimitive(7, Buffer.from(`${'00'.repeat(15)}01`, 'hex')),
        der.contextPrimitive(7, Buffer.from([1, 2, 3])),
        der.context(4, der.sequence()),
      ),
      extension('2.5.29.14', der.octetString(Buffer.from('0a0b', 'hex'))),
      extension('2.5.29.35', der.sequence(der.contextPrimitive(0, Buffer.from('0c', 'hex')))),
      extension('1.2.3.4', der.nullValue(), true),
      extension('1.2.3.5', der.nullValue()),
    ],
  });
  const certificate = parseCertificate(bytes);

  it('keeps its bytes, and has them as PEM and as a hash', () => {
    expect(Buffer.from(certificate.der).equals(bytes)).toBe(true);
    expect(certificate.pem).toBe(pemOf(bytes, 'CERTIFICATE'));
    const fingerprint = new X509Certificate(bytes).fingerprint256;
    expect(certificate.sha256).toBe(fingerprint.replaceAll(':', '').toLowerCase());
  });

  it('is not changed by whoever holds the bytes it was read from', () => {
    const mine = Buffer.from(bytes);
    const read = parseCertificate(mine);
    mine.fill(0);
    expect(Buffer.from(read.der).equals(bytes)).toBe(true);
  });

  it('tells its names, number and times', () => {
    expect(certificate).toMatchObject({ version: 3, serialNumber: '1267', selfIssued: false });
    expect(Buffer.from(certificate.issuerDer).equals(writer.commonName('root'))).toBe(true);
    expect(Buffer.from(certificate.subjectDer).equals(writer.commonName('leaf'))).toBe(true);
    expect(certificate.notBefore).toBe(Date.UTC(2026, 0, 1));
    expect(certificate.notAfter).toBe(Date.UTC(2027, 0, 1));
  });

  it('tells its key and how it was signed', () => {
    const spki = spkiOf(storedKey('ec-p256-other'));
    expect(Buffer.from(certificate.spkiDer).equals(spki)).toBe(true);
    expect(certificate.publicKey).toMatchObject({ kind: 'ec', curve: 'P-256' });
    expect(certificate.signatureAlgorithm).toEqual({
      ...{ kind: 'ecdsa', name: 'ecdsa-with-SHA256', hash: 'sha256' },
    });
  });

  it('tells its rights', () => {
    const { isCa, pathLength, keyUsages, extendedKeyUsages } = certificate;
    expect({ isCa, pathLength }).toEqual({ isCa: false, pathLength: undefined });
    expect(keyUsages).toEqual(new Set(['digitalSignature', 'keyEncipherment']));
    expect(extendedKeyUsages).toEqual(['clientAuth', '1.2.3']);
  });

  it('tells every alternative name, known or not', () => {
    expect(certificate.subjectAltNames).toEqual([
      { kind: 'uri', value: 'spiffe://td/ns/a/sa/b' },
      { kind: 'dns', value: 'a.b' },
      { kind: 'email', value: 'a@b' },
      { kind: 'ip', value: '127.0.0.1' },
      { kind: 'ip', value: '::1' },
      { kind: 'other', value: '8703010203' },
      { kind: 'other', value: 'a4023000' },
    ]);
  });

  it('tells its key identifiers and what it demands that we do not know', () => {
    expect(certificate).toMatchObject({ subjectKeyId: '0a0b', authorityKeyId: '0c' });
    expect(certificate.unknownCriticalExtensions).toEqual(['1.2.3.4']);
  });

  it('is an authority where it says so, with or without a path length', () => {
    const isTrue = der.boolean(0xff);
    const limited = writeCertificate({
      extensions: [writer.basicConstraints(isTrue, der.integer(2))],
    });
    const unlimited = writeCertificate({ extensions: [writer.basicConstraints(isTrue)] });
    expect(parseCertificate(limited)).toMatchObject({ isCa: true, pathLength: 2 });
    expect(parseCertificate(unlimited)).toMatchObject({ isCa: true, pathLength: undefined });
  });

  it('of version 1 has no extensions and is no authority', () => {
    const bare = writeCertificate({ version: Buffer.alloc(0), optionalFields: [] });
    expect(parseCertificate(bare)).toMatchObject({ version: 1, isCa: false, keyUsages: undefined });
  });

  it.each([
    ['1.2.840.113549.1.1.5', 'sha1WithRSAEncryption'],
    ['1.2.840.113549.1.1.4', 'md5WithRSAEncryption'],
    ['1.2.840.10045.4.1', 'ecdsa-with-SHA1'],
  ])('signed with %s is called weak', (oid, name) => {
    const read = parseCertificate(writeCertificate({ algorithm: algorithm(oid) }));
    expect(read.signatureAlgorithm).toEqual({ kind: 'weak', name });
  });
});

describe('every root that Node trusts', () => {
  it('is read, and as OpenSSL reads it', () => {
    const [ours, theirs] = [[], []] as [unknown[], unknown[]];
    for (const pem of rootCertificates) {
      const read = parseCertificateBundle(pem).map((bytes) => parseCertificate(bytes));
      const other = new X509Certificate(pem);
      ours.push(
        ...read.map((c) => [c.isCa, c.notBefore, c.notAfter, BigInt(`0x${c.serialNumber}`)]),
      );
      const times = [Date.parse(other.validFrom), Date.parse(other.validTo)];
      theirs.push([other.ca, ...times, BigInt(`0x${other.serialNumber}`)]);
    }
    expect(ours).toEqual(theirs);
  });
});

describe('reading a certificate', () => {
  const isTrue = der.boolean(0xff);
  const list = der.sequence(writer.basicConstraints(isTrue));

  it.each<[string, writer.CertificateParts, string]>([
    ['an explicit version 1', { version: der.context(0, der.integer(0)) }, 'version'],
    ['version 4', { version: der.context(0, der.integer(3)) }, 'version'],
    ['extensions in version 2', { version: der.context(0, der.integer(1)) }, 'version'],
    ['extensions in version 1', { version: Buffer.alloc(0) }, 'version'],
    ['two lists of extensions', { optionalFields: [der.context(3, list, list)] }, 'der_value'],
    [
      'two extension fields',
      { optionalFields: [der.context(3, list), der.context(3, list)] },
      'der_tag',
    ],
    ['an unknown field', { optionalFields: [der.context(5, list)] }, 'der_tag'],
    ['an empty list of extensions', { extensions: [] }, 'der_value'],
    [
      'another signed algorithm',
      {
        signedAlgorithm: algorithm('1.2.840.10045.4.3.3'),
      },
      'signature_algorithm_mismatch',
    ],
    [
      'an extension twice',
      {
        extensions: [writer.basicConstraints(isTrue), writer.basicConstraints()],
      },
      'duplicate_extension',
    ],
    [
      'an unknown extension twice',
      {
        extensions: [extension('1.2.3', der.nullValue()), extension('1.2.3', der.nullValue())],
      },
      'duplicate_extension',
    ],
    ['cA spelled FALSE', { extensions: [writer.basicConstraints(der.boolean(0))] }, 'extension'],
    [
      'a path length without cA',
      { extensions: [writer.basicConstraints(der.integer(0))] },
      'extension',
    ],
    [
      'a third basic constraint',
      {
        extensions: [writer.basicConstraints(isTrue, der.integer(0), der.integer(0))],
      },
      'extension',
    ],
    [
      'a negative path length',
      {
        extensions: [writer.basicConstraints(isTrue, der.element(2, Buffer.from([0xff])))],
      },
      'extension',
    ],
    ['no alternative name', { extensions: [writer.subjectAltNames()] }, 'extension'],
    ['a NUL in a name', { extensions: [writer.subjectAltNames(uriName('a\0b'))] }, 'extension'],
    [
      'a name that is not ASCII',
      { extensions: [writer.subjectAltNames(uriName('ä'))] },
      'extension',
    ],
    [
      'no extended key usage',
      { extensions: [extension('2.5.29.37', der.sequence())] },
      'extension',
    ],
    [
      'an extension that is no DER',
      { extensions: [extension('2.5.29.15', Buffer.alloc(3))] },
      'extension',
    ],
    [
      'a critical FALSE',
      {
        extensions: [extension('1.2.3', der.nullValue(), 0x00)],
      },
      'der_value',
    ],
    ['a time without seconds', { notAfter: writer.utcTime('2701010000Z') }, 'der_value'],
    ['a day that is none', { notAfter: writer.utcTime('270230000000Z') }, 'der_value'],
    ['no serial number', { serialNumber: Buffer.alloc(0) }, 'der_tag'],
    ['a subject that is no Name', { subject: der.set() }, 'der_tag'],
    ['a key that is no key', { spki: der.sequence() }, 'der_value'],
  ])('refuses %s', (_, parts, reason) => {
    expect(reasonFor(writeCertificate(parts))).toBe(reason);
  });

  it('refuses more than 64 KiB before looking', () => {
    expect(reasonFor(Buffer.alloc(64 * 1024 + 1))).toBe('too_large');
  });

  it('refuses trailing bytes and every truncation', () => {
    const good = writeCertificate();
    expect(reasonFor(Buffer.concat([good, Buffer.alloc(1)]))).toBe('der_trailing_data');
    const cuts = Array.from(good.keys(), (end) =>
      thrownBy(() => parseCertificate(good.subarray(0, end))),
    );
    expect(cuts.every((error) => error instanceof CertificateError)).toBe(true);
  });

  it('throws CertificateError and nothing else, for any bytes', () => {
    expectProperty(
      fc.property(fc.uint8Array({ maxLength: 300 }), (input) => {
        return thrownBy(() => parseCertificate(input)) instanceof CertificateError;
      }),
      { numRuns: 1000 },
    );
  });

  it('throws CertificateError and nothing else, for any change of a good one', () => {
    const good = parseCertificateBundle(rootCertificates[0] ?? '')[0] ?? Buffer.alloc(0);
    const edit = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) });
    expectProperty(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const changed = Buffer.from(good);
        for (const { at, byte } of edits) changed.writeUInt8(byte, at);
        const error = thrownBy(() => parseCertificate(changed));
        return error === undefined || error instanceof CertificateError;
      }),
      { numRuns: 3000 },
    );
  });

  it('takes little time for the largest there can be', () => {
    const names = Array.from({ length: 3800 }, () => uriName('spiffe://td'));
    const large = writeCertificate({ extensions: [writer.subjectAltNames(...names)] });
    expect(parseCertificate(large).subjectAltNames).toHaveLength(3800);
    expect(fastestMs(() => parseCertificate(large))).toBeLessThan(50);
  });
});
