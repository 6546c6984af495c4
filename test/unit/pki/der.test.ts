import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DerError } from '../../../src/pki/errors.ts';
import {
  namedBits,
  objectIdentifier,
  smallInteger,
  unsignedInteger,
} from '../../../src/pki/der-values.ts';
import { certificateLimits, parseDer, requestLimits } from '../../../src/pki/der.ts';
import type { DerElement } from '../../../src/pki/der.ts';
import { timeValue } from '../../../src/pki/time-values.ts';
import * as der from '../../support/der-writer.ts';
import { fastestMs } from '../../support/fastest.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { expectProperty } from '../../support/expect-property.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const parse = (hex: string): DerElement => parseDer(bytes(hex), requestLimits);

describe('the DER reader', () => {
  it('reads elements within elements, with their bytes and contents', () => {
    const root = parse('30 08 02 01 05 31 03 04 01 ff');
    const [integer, set] = root.children;
    expect(root.bytes).toHaveLength(10);
    expect(integer?.tag).toBe(0x02);
    expect(integer?.content).toEqual(bytes('05'));
    expect(set?.children[0]?.bytes).toEqual(bytes('04 01 ff'));
  });

  it('looks into the bytes it was given and copies nothing', () => {
    const source = bytes('30 03 02 01 05');
    const [integer] = parseDer(source, requestLimits).children;
    expect(integer?.content.buffer).toBe(source.buffer);
  });

  it('reads a view that starts in the middle of its buffer', () => {
    const view = new Uint8Array(bytes('ff ff 02 01 07 ff')).subarray(2, 5);
    expect(smallInteger(parseDer(view, requestLimits))).toBe(7);
  });

  it.each([
    ['nothing', '', 'der_truncated'],
    ['a tag alone', '30', 'der_truncated'],
    ['less content than announced', '04 02 00', 'der_truncated'],
    ['a child that leaves its parent', '30 03 02 02 01', 'der_truncated'],
    ['a length whose octets are missing', '04 82 01', 'der_truncated'],
    ['bytes after the element', '05 00 00', 'der_trailing_data'],
    ['an indefinite length', '30 80 00 00', 'der_length'],
    ['a length of four octets', `04 84 01 00 00 00`, 'der_length'],
    ['a reserved length', '04 ff', 'der_length'],
    ['a long form where the short would do', '04 81 01 00', 'der_length'],
    ['a length with a leading zero', `04 82 00 80 ${'00'.repeat(128)}`, 'der_length'],
    ['a tag beyond 30', '1f 1f 00', 'der_tag'],
    ['a context tag beyond 30', 'bf 1f 00', 'der_tag'],
    ['an end-of-contents', '00 00', 'der_tag'],
    ['a primitive SEQUENCE', '10 00', 'der_tag'],
    ['a constructed OCTET STRING', '24 03 04 01 00', 'der_tag'],
    ['an EXTERNAL', '28 00', 'der_tag'],
    ['a BOOLEAN that is neither', '01 01 01', 'der_value'],
    ['a BOOLEAN of two bytes', '01 02 ff ff', 'der_value'],
    ['an empty INTEGER', '02 00', 'der_value'],
    ['a positive INTEGER with padding', '02 02 00 7f', 'der_value'],
    ['a negative INTEGER with padding', '02 02 ff 80', 'der_value'],
    ['a NULL with content', '05 01 00', 'der_value'],
    ['an empty BIT STRING', '03 00', 'der_value'],
    ['eight unused bits', '03 02 08 00', 'der_value'],
    ['unused bits of nothing', '03 01 01', 'der_value'],
    ['unused bits that are not zero', '03 02 01 01', 'der_value'],
    ['an empty OID', '06 00', 'der_value'],
    ['an OID that ends within an arc', '06 02 2a 86', 'der_value'],
    ['an OID arc with padding', '06 03 2a 80 01', 'der_value'],
  ])('refuses %s', (_, hex, reason) => {
    expect(thrownBy(() => parse(hex))).toMatchObject({ name: 'DerError', reason });
  });

  it.each(['02 02 00 80', '02 01 80', '03 02 07 80', '03 01 00', '01 01 ff', '06 01 2a', '30 00'])(
    'takes %s',
    (hex) => {
      expect(parse(hex).bytes).toEqual(bytes(hex));
    },
  );

  it('stops at its limits of depth and number', () => {
    const nested = (depth: number): Buffer =>
      depth === 1 ? der.sequence() : der.sequence(nested(depth - 1));
    expect(parseDer(nested(15), requestLimits).tag).toBe(0x30);
    expect(() => parseDer(nested(17), requestLimits)).toThrow(DerError);
    const wide = (count: number): Buffer => der.sequence(Buffer.from('0500'.repeat(count), 'hex'));
    expect(parseDer(wide(511), requestLimits).children).toHaveLength(511);
    expect(thrownBy(() => parseDer(wide(512), requestLimits))).toMatchObject({
      reason: 'der_too_many_elements',
    });
  });

  it('reads the largest thing that it is given in little time', () => {
    const wide = der.sequence(
      Buffer.from('0500'.repeat(4000), 'hex'),
      der.octetString(Buffer.alloc(5e4)),
    );
    expect(fastestMs(() => parseDer(wide, certificateLimits))).toBeLessThan(10);
  });

  it('throws DerError and nothing else, for any bytes', () => {
    expectProperty(
      fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
        const error = thrownBy(() => parseDer(input, requestLimits));
        return error === undefined || error instanceof DerError;
      }),
      { numRuns: 2000 },
    );
  });

  it('reads back what it takes, byte for byte', () => {
    const rebuild = (element: DerElement): Buffer =>
      (element.tag & 0x20) === 0
        ? der.element(element.tag, element.content)
        : der.element(element.tag, ...element.children.map(rebuild));
    const leaf = fc.uint8Array({ maxLength: 300 }).map((content) => der.octetString(content));
    const tree = fc.array(
      fc.oneof(
        leaf,
        fc.array(leaf, { maxLength: 4 }).map((l) => der.set(...l)),
      ),
    );
    expectProperty(
      fc.property(tree, (items) => {
        const input = der.sequence(...items);
        return rebuild(parseDer(input, certificateLimits)).equals(input);
      }),
    );
  });
});

describe('values in DER', () => {
  it.each([
    ['2a', '1.2'],
    ['88 37 03', '2.999.3'],
    ['2a 86 48 86 f7 0d 01 01 0b', '1.2.840.113549.1.1.11'],
    ['69 ff 7f', '2.25.16383'],
    [`2a ${'ff'.repeat(9)}7f`, '1.2.1180591620717411303423'],
    ['00', '0.0'],
    ['4f', '1.39'],
  ])('an OID %s is %s', (content, dotted) => {
    const read = objectIdentifier(parseDer(der.element(6, bytes(content)), requestLimits));
    expect(read).toBe(dotted);
  });

  it('an OID is no longer than 64 bytes', () => {
    const long = parseDer(der.element(6, Buffer.alloc(65, 1)), requestLimits);
    expect(() => objectIdentifier(long)).toThrow(DerError);
  });

  it('an unsigned integer has no sign octet and is never negative', () => {
    expect(unsignedInteger(parse('02 02 00 80'))).toEqual(bytes('80'));
    expect(unsignedInteger(parse('02 01 00'))).toEqual(bytes('00'));
    expect(() => unsignedInteger(parse('02 01 80'))).toThrow(DerError);
  });

  it('a small integer ends at 2^31-1', () => {
    expect(smallInteger(parse('02 04 7f ff ff ff'))).toBe(2 ** 31 - 1);
    expect(() => smallInteger(parse('02 05 00 80 00 00 00'))).toThrow(DerError);
    expect(() => smallInteger(parse('02 09 01 00 00 00 00 00 00 00 00'))).toThrow(DerError);
  });

  it('named bits are numbered from the first and have no trailing zeros', () => {
    expect(namedBits(parse('03 02 05 a0'))).toEqual([0, 2]);
    expect(namedBits(parse('03 03 07 00 80'))).toEqual([8]);
    expect(namedBits(parse('03 01 00'))).toEqual([]);
    expect(() => namedBits(parse('03 02 04 a0'))).toThrow(DerError);
  });
});

describe('times in DER', () => {
  const time = (tag: number, text: string): number =>
    timeValue(parseDer(der.element(tag, Buffer.from(text)), requestLimits));

  it.each([
    [0x17, '260101000000Z', Date.UTC(2026, 0, 1)],
    [0x17, '491231235959Z', Date.UTC(2049, 11, 31, 23, 59, 59)],
    [0x17, '500101000000Z', Date.UTC(1950, 0, 1)],
    [0x18, '20500101000000Z', Date.UTC(2050, 0, 1)],
    [0x18, '20240229120000Z', Date.UTC(2024, 1, 29, 12)],
    [0x18, '99991231235959Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ])('0x%s %s is read', (tag, text, at) => {
    expect(time(tag, text)).toBe(at);
  });

  it.each([
    [0x17, '2601010000Z'],
    [0x17, '260101000000+0000'],
    [0x17, '261301000000Z'],
    [0x17, '260230000000Z'],
    [0x17, '260101240000Z'],
    [0x17, '260101006000Z'],
    [0x17, '260101000060Z'],
    [0x17, '20260101000000Z'],
    [0x18, '260101000000Z'],
    [0x18, '20260101000000.5Z'],
    [0x18, '20260101000000'],
    [0x18, '20230229120000Z'],
    [0x04, '260101000000Z'],
  ])('0x%s %s is refused', (tag, text) => {
    expect(() => time(tag, text)).toThrow(DerError);
  });
});
