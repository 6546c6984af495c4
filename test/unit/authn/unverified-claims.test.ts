import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readUnverifiedClaims } from '../../../src/authn/unverified-claims.ts';
import { expectProperty } from '../../support/expect-property.ts';
import { unsignedToken } from './support/token-signer.ts';

const nothing = { issuer: undefined, expiresAt: undefined };

describe('readUnverifiedClaims', () => {
  it('reads the issuer, and the end in milliseconds', () => {
    const token = unsignedToken({ iss: 'https://issuer', exp: 1_700_000_000 });

    expect(readUnverifiedClaims(token)).toEqual({
      issuer: 'https://issuer',
      expiresAt: 1_700_000_000_000,
    });
  });

  it.each([
    ['no token', 'opaque'],
    ['a payload that is not JSON', 'a.bm8.c'],
    ['a payload that is a list', `a.${Buffer.from('[]').toString('base64url')}.c`],
    ['an encrypted token', 'a.b.c.d.e'],
    ['claims of other types', unsignedToken({ iss: ['x'], exp: '5' })],
    ['no claims', unsignedToken({})],
  ])('reads nothing from %s', (_case, token) => {
    expect(readUnverifiedClaims(token)).toEqual(nothing);
  });

  it('never throws', () => {
    expectProperty(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (payload) => {
        const text = Buffer.from(payload).toString('base64url');
        return typeof readUnverifiedClaims(`${payload}.${text}.x`) === 'object';
      }),
    );
  });
});
