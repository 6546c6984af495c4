import { describe, expect, it } from '@jest/globals';
import { listAt, objectAt, stringAt, stringMapAt, valueAt } from '../../../src/base/json.ts';

const object: unknown = { a: { b: 'text', list: ['x', 1], n: 7 } };

describe('a value at a path', () => {
  it('is found over several keys', () => {
    expect(valueAt(object, 'a', 'b')).toBe('text');
  });

  it.each([
    ['a key that is not there', ['a', 'c', 'd']],
    ['what every object inherits', ['a', 'constructor']],
    ['the prototype', ['__proto__', 'toString']],
    ['an item of a list', ['a', 'list', '0']],
  ])('is undefined for %s', (_, path) => {
    expect(valueAt(object, ...path)).toBeUndefined();
  });

  it('is empty, or undefined, where something else is there than was asked for', () => {
    expect([objectAt(object, 'a', 'b'), listAt(object, 'a'), stringAt(object, 'a', 'n')]).toEqual([
      {},
      [],
      undefined,
    ]);
  });

  it('is a map of its texts alone', () => {
    expect(stringMapAt(object, 'a')).toEqual({ b: 'text' });
  });
});
