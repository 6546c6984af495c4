import { describe, expect, it } from '@jest/globals';
import { parseGoDuration } from '../../../src/base/go-duration.ts';

describe('parseGoDuration', () => {
  it.each([
    ['24h0m0s', 86_400_000],
    ['90m', 5_400_000],
    ['1h30m', 5_400_000],
    ['1500us', 1.5],
    ['1500\u00b5s', 1.5],
    ['1500\u03bcs', 1.5],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['250ms', 250],
    ['0', 0],
    ['0s', 0],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseGoDuration(text)).toBe(ms);
  });

  it.each(['', '24', 'h', '1d', '-1h', '1h ', ' 1h', '1h30', '1e3s', 'x'.repeat(100)])(
    'refuses "%s"',
    (text) => {
      expect(() => parseGoDuration(text)).toThrow('must be a duration');
    },
  );
});
