import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  PemError,
  encodePem,
  parseCertificateBundle,
  parseSinglePem,
} from '../../../src/pki/pem.ts';
import { fastestMs } from '../../support/fastest.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { expectProperty } from '../../support/expect-property.ts';

const options = { maxLength: 16 * 1024 };
const one = encodePem('CERTIFICATE', Buffer.from('first'));
const two = encodePem('CERTIFICATE', Buffer.from('second certificate'));

describe('one PEM block', () => {
  it('gives back the bytes that were encoded', () => {
    expectProperty(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), (bytes) => {
        const decoded = parseSinglePem(encodePem('X', bytes), 'X', options);
        return Buffer.from(decoded).equals(bytes);
      }),
    );
  });

  it('is encoded in lines of 64 columns with a final newline', () => {
    const pem = encodePem('THING', new Uint8Array(100).fill(255));
    const lines = pem.split('\n');
    expect(lines[0]).toBe('-----BEGIN THING-----');
    expect(lines.slice(1, 4).map((line) => line.length)).toEqual([64, 64, 8]);
    expect(lines.slice(4)).toEqual(['-----END THING-----', '']);
  });

  it('has no empty line when the last line is full', () => {
    expect(encodePem('THING', new Uint8Array(48))).toBe(
      `-----BEGIN THING-----\n${'A'.repeat(64)}\n-----END THING-----\n`,
    );
  });

  it('is read in linear time however it is broken', () => {
    const begins = '-----BEGIN X-----\n'.repeat(100_000);
    const unlimited = { maxLength: begins.length * 2 };
    const inputs = [
      begins,
      `\n${begins}`,
      `-----BEGIN X-----\n${'A\n'.repeat(400_000)}`,
      '\r\n'.repeat(9e5),
    ];
    const times = inputs.map((text) =>
      fastestMs(() => thrownBy(() => parseSinglePem(text, 'X', unlimited))),
    );
    expect(Math.max(...times)).toBeLessThan(100);
  });

  it('is refused at once when it is too long', () => {
    const begins = '-----BEGIN X-----\n'.repeat(100_000);
    expect(fastestMs(() => thrownBy(() => parseSinglePem(begins, 'X', options)))).toBeLessThan(5);
  });

  it('throws PemError and nothing else, for any text', () => {
    const piece = fc.constantFrom(
      '-----BEGIN X-----',
      '-----END X-----',
      '\n',
      '\r',
      'AAAA',
      '=',
      '-',
    );
    const text = fc
      .array(fc.oneof(piece, fc.string({ unit: 'binary' })))
      .map((parts) => parts.join(''));
    expectProperty(
      fc.property(text, (input) => {
        const error = thrownBy(() => parseSinglePem(input, 'X', options));
        return error === undefined || error instanceof PemError;
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a bundle of certificates', () => {
  const texts = (pem: string): string[] =>
    parseCertificateBundle(pem).map((der) => Buffer.from(der).toString());

  it.each([
    ['one block', one],
    ['CRLF line ends', one.replaceAll('\n', '\r\n')],
    ['no final newline', one.trimEnd()],
    ['indented lines', one.replaceAll(/^/gm, '    ')],
    ['text around it', `# Subject: Wurzelgeißel\n\nissuer=x\n${one}\nend\n`],
  ])('reads %s', (_, pem) => {
    expect(texts(pem)).toEqual(['first']);
  });

  it('reads several blocks in their order, duplicates too', () => {
    expect(texts(`# a\n${one}# b\n${two}\n\n${one}`)).toEqual([
      'first',
      'second certificate',
      'first',
    ]);
  });

  it.each([
    ['nothing', '', 'pem_missing', undefined],
    ['text alone', 'hello\n', 'pem_missing', undefined],
    ['a private key', encodePem('PRIVATE KEY', Buffer.from('x')), 'pem_label', 1],
    [
      'a private key after a certificate',
      one + encodePem('PRIVATE KEY', Buffer.from('x')),
      'pem_label',
      2,
    ],
    ['a trusted certificate', encodePem('TRUSTED CERTIFICATE', Buffer.from('x')), 'pem_label', 1],
    ['a block that does not end', one + two.replace(/-----END[^]*/, ''), 'pem_boundary', 2],
    ['a block within a block', one.replace('\n', `\n${two}`), 'pem_boundary', 1],
    ['blocks glued together', one.trimEnd() + two, 'pem_boundary', 1],
    ['an END alone', '-----END CERTIFICATE-----\n', 'pem_boundary', 1],
    ['bad base64 in the second block', one + two.replace(/\n(.)/, '\n!'), 'base64', 2],
    ['an empty block', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n', 'base64', 1],
    ['more than a mebibyte', one.repeat(20_000), 'too_large', undefined],
  ])('refuses %s', (_, pem, reason, ordinal) => {
    expect(thrownBy(() => parseCertificateBundle(pem))).toMatchObject({
      ...{ name: 'PemError', reason, ordinal },
    });
  });

  it('takes a bound of the caller', () => {
    expect(() => parseCertificateBundle(one, { maxLength: one.length - 1 })).toThrow(PemError);
    expect(parseCertificateBundle(one, { maxLength: one.length })).toHaveLength(1);
  });
});
