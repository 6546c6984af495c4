import { describe, expect, it } from '@jest/globals';
import { isOlder, SeenVersions } from '../../../src/kube/resource-versions.ts';

describe('isOlder', () => {
  it.each([
    ['9', '10', true],
    ['10', '9', false],
    ['10', '10', false],
    ['18446744073709551615', '18446744073709551616', true],
    ['a', 'b', false],
    ['1', '', false],
  ])('says of %s against %s: %s', (one, other, older) => {
    expect(isOlder(one, other)).toBe(older);
  });
});

describe('SeenVersions', () => {
  it('remembers no more objects than it may', () => {
    const seen = new SeenVersions(2);
    for (const uid of ['1', '2', '3']) seen.note({ name: uid, uid }, '7');
    expect(seen.size).toBe(2);
  });

  it('still follows the objects that it remembers when it is full', () => {
    const seen = new SeenVersions(1);
    seen.note({ name: 'a', uid: '1' }, '7');
    expect(seen.note({ name: 'a', uid: '1' }, '8')).toBe(true);
    expect(seen.note({ name: 'a', uid: '1' }, '8')).toBe(false);
  });

  it('keeps nothing of an object but what identifies it', () => {
    const seen = new SeenVersions(1);
    const object = { name: 'a', namespace: 'n', uid: '1', certificate: 'long' };
    seen.note(object, '7');
    expect(seen.replace([])).toEqual([{ name: 'a', namespace: 'n', uid: '1' }]);
  });

  it('lets an object that was forgotten come again', () => {
    const seen = new SeenVersions(1);
    seen.note({ name: 'a', uid: '1' }, '7');
    expect(seen.forget('1')).toBe(true);
    expect(seen.note({ name: 'a', uid: '1' }, '7')).toBe(true);
  });
});
