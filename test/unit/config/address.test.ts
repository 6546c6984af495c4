import { describe, expect, it } from '@jest/globals';
import { checkListenAddress } from '../../../src/config/address.ts';

describe('checkListenAddress', () => {
  it.each([':15012', '127.0.0.1:0', 'localhost:8080', '[::1]:15012'])('accepts %s', (text) => {
    expect(checkListenAddress(text)).toBe(text);
  });

  it.each(['15012', '', 'host', 'host:', 'host:x', ':65536', '::1:15012'])(
    'refuses "%s"',
    (text) => {
      expect(() => checkListenAddress(text)).toThrow('must be host:port');
    },
  );
});
