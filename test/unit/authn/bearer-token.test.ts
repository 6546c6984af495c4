import { describe, expect, it } from '@jest/globals';
import { parseBearerToken } from '../../../src/authn/bearer-token.ts';

describe('parseBearerToken', () => {
  it('takes the first value with the scheme Bearer', () => {
    expect(parseBearerToken(['Basic abc', 'Bearer a.b-c_d', 'Bearer second'])).toBe('a.b-c_d');
  });

  it.each([
    ['no header', []],
    ['another scheme', ['Basic abc']],
    ['a lower-case scheme', ['bearer abc']],
    ['an empty header', ['']],
  ])('refuses %s', (_case, values) => {
    expect(() => parseBearerToken(values)).toThrow(
      expect.objectContaining({ reason: 'token_missing' }),
    );
  });

  it.each(['Bearer ', 'Bearer  abc', 'Bearer a b', 'Bearer a\u0000', 'Bearer ä', 'Bearer =a'])(
    'refuses "%s"',
    (value) => {
      expect(() => parseBearerToken([value])).toThrow(
        expect.objectContaining({ code: 'CALLER_UNAUTHENTICATED', reason: 'token_malformed' }),
      );
    },
  );

  it('refuses a token of over 16 KiB before it looks at its characters', () => {
    expect(() => parseBearerToken([`Bearer ${'a'.repeat(16_385)}`])).toThrow(
      expect.objectContaining({ reason: 'token_too_long' }),
    );
  });
});
