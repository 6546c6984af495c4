import { describe, expect, it } from '@jest/globals';
import { parseListenAddress } from '../../../src/base/listen-address.ts';

describe('parseListenAddress', () => {
  it.each([
    [':15012', { host: undefined, port: 15_012 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['localhost:8080', { host: 'localhost', port: 8_080 }],
    ['[::1]:15012', { host: '::1', port: 15_012 }],
    ['[::]:15012', { host: '::', port: 15_012 }],
  ])('reads %s', (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected);
  });

  it.each(['', '15012', 'localhost', '::1:15012', 'a:b', ':70000', ':-1', 'http://a:1', ':1 '])(
    'refuses %j and names it',
    (text) => {
      expect(() => parseListenAddress(text)).toThrow(JSON.stringify(text));
    },
  );
});
