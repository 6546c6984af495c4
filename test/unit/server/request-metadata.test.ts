import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RaError } from '../../../src/base/ra-error.ts';
import {
  readRequestMetadata,
  withoutUnreadMetadata,
} from '../../../src/server/request-metadata.ts';

function struct(fields: Readonly<Record<string, unknown>>): unknown {
  return { fields };
}

function reasonOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof RaError && error.code === 'REQUEST_MALFORMED') return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('readRequestMetadata', () => {
  it.each([[undefined], [null], [{}], [struct({})]])('reads nothing from %j', (metadata) => {
    expect(readRequestMetadata(metadata)).toEqual({});
  });

  it('reads both keys', () => {
    const metadata = struct({
      CertSigner: { stringValue: 'foo' },
      ImpersonatedIdentity: { stringValue: 'spiffe://td/ns/a/sa/b' },
    });

    expect(readRequestMetadata(metadata)).toEqual({
      certSigner: 'foo',
      impersonatedIdentity: 'spiffe://td/ns/a/sa/b',
    });
  });

  it('keeps an empty string', () => {
    expect(readRequestMetadata(struct({ CertSigner: { stringValue: '' } })).certSigner).toBe('');
  });

  it('ignores keys it does not know', () => {
    const metadata = struct({ certsigner: { stringValue: 'foo' }, Other: { numberValue: 1 } });

    expect(readRequestMetadata(metadata).certSigner).toBeUndefined();
  });

  it.each([
    ['null_value', { nullValue: 'NULL_VALUE', kind: 'nullValue' }],
    ['number_value', { numberValue: 3, kind: 'numberValue' }],
    ['bool_value', { boolValue: true, kind: 'boolValue' }],
    ['struct_value', { structValue: { fields: {} }, kind: 'structValue' }],
    ['list_value', { listValue: { values: [{ stringValue: 'foo' }] }, kind: 'listValue' }],
    ['no kind', {}],
  ])('refuses %s in place of a string', (_name, value) => {
    expect(reasonOf(() => readRequestMetadata(struct({ CertSigner: value })))).toBe(
      'metadata_not_a_string',
    );
    expect(reasonOf(() => readRequestMetadata(struct({ ImpersonatedIdentity: value })))).toBe(
      'metadata_not_a_string',
    );
  });

  it.each([
    ['CertSigner', 512],
    ['ImpersonatedIdentity', 2_048],
  ])('bounds %s to %d characters', (key, maxLength) => {
    const read = (length: number) => () =>
      readRequestMetadata(struct({ [key]: { stringValue: 'x'.repeat(length) } }));

    expect(reasonOf(read(maxLength))).toBe('accepted');
    expect(reasonOf(read(maxLength + 1))).toBe('metadata_too_long');
  });

  it('bounds the number of keys', () => {
    const fields = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, {}]));

    expect(reasonOf(() => readRequestMetadata(struct(fields)))).toBe('metadata_too_many_keys');
  });

  it('takes no value from a prototype', () => {
    const fields = Object.create({ CertSigner: { stringValue: 'evil' } }) as Record<
      string,
      unknown
    >;
    const value = Object.create({ stringValue: 'evil' }) as object;

    expect(readRequestMetadata(struct(fields)).certSigner).toBeUndefined();
    expect(reasonOf(() => readRequestMetadata(struct({ CertSigner: value })))).toBe(
      'metadata_not_a_string',
    );
  });

  it('is total: it returns strings or throws REQUEST_MALFORMED, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        for (const metadata of [value, struct({ CertSigner: value }), { fields: value }]) {
          expect(typeof reasonOf(() => readRequestMetadata(metadata))).toBe('string');
        }
      }),
    );
  });
});

describe('a request without what is not read', () => {
  const text = (stringValue: string): object => ({ stringValue });
  const deep = { listValue: { values: [text('x'.repeat(1_000))] } };

  function outcome(struct: unknown): unknown {
    try {
      return readRequestMetadata(struct);
    } catch (error) {
      return error;
    }
  }

  it.each([
    ['nothing', null],
    ['no fields', {}],
    ['both keys', { fields: { CertSigner: text('foo'), ImpersonatedIdentity: text('x') } }],
    ['an empty signer', { fields: { CertSigner: text('') } }],
    ['a signer that is a list', { fields: { CertSigner: deep } }],
    ['an identity of 2,048', { fields: { ImpersonatedIdentity: text('x'.repeat(2_048)) } }],
    ['an identity of 2,049', { fields: { ImpersonatedIdentity: text('x'.repeat(2_049)) } }],
    ['a signer of 513', { fields: { CertSigner: text('x'.repeat(513)) } }],
    ['a signer of 60,000', { fields: { CertSigner: text('x'.repeat(60_000)) } }],
    ['fields that are none', { fields: 7 }],
    ['65 keys', { fields: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [i, deep])) }],
    ['64 keys', { fields: Object.fromEntries(Array.from({ length: 64 }, (_, i) => [i, deep])) }],
  ])('reads the same with %s', (_name, struct) => {
    expect(outcome(withoutUnreadMetadata(struct))).toEqual(outcome(struct));
  });

  it('keeps no value that nobody reads', () => {
    const struct = withoutUnreadMetadata({ fields: { CertSigner: deep, other: deep } });

    expect(struct).toEqual({ fields: { CertSigner: {} } });
  });
});
