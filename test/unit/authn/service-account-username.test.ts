import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RaError } from '../../../src/base/ra-error.ts';
import { parseServiceAccountUsername } from '../../../src/authn/service-account-username.ts';

describe('parseServiceAccountUsername', () => {
  it('reads namespace and name', () => {
    expect(parseServiceAccountUsername('system:serviceaccount:foo:http.bin-1')).toEqual({
      namespace: 'foo',
      serviceAccount: 'http.bin-1',
    });
  });

  it.each([
    '',
    'admin',
    'system:serviceaccount',
    'system:serviceaccount:foo',
    'system:serviceaccount::x',
    'system:serviceaccount:foo:',
    'system:serviceaccount:foo:x:y',
    'system:node:foo:x',
    'System:serviceaccount:foo:x',
    'system:serviceaccount:Foo:x',
    'system:serviceaccount:foo:x/y',
    'system:serviceaccount:fo.o:x',
    'system:serviceaccount:foo:x\n',
    `system:serviceaccount:foo:${'x'.repeat(254)}`,
    `system:serviceaccount:${'f'.repeat(64)}:x`,
  ])('refuses "%s"', (username) => {
    expect(() => parseServiceAccountUsername(username)).toThrow(
      expect.objectContaining({ code: 'CALLER_UNAUTHENTICATED', reason: 'username_malformed' }),
    );
  });

  it('throws nothing but RaError, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const read = (): unknown => {
          try {
            return parseServiceAccountUsername(`system:serviceaccount:${text}`);
          } catch (error) {
            return error instanceof RaError ? undefined : error;
          }
        };
        expect(read()).not.toBeInstanceOf(Error);
      }),
    );
  });
});
