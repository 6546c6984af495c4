import { describe, expect, it } from '@jest/globals';
import { BoundedMap } from '../../../src/base/bounded-map.ts';

function mapOf(max: number, ...keys: string[]): BoundedMap<string> {
  const map = new BoundedMap<string>(max);
  for (const key of keys) map.set(key, key.toUpperCase());
  return map;
}

describe('BoundedMap', () => {
  it('forgets what was set longest ago, and counts it', () => {
    const map = mapOf(2, 'a', 'b', 'c', 'd');

    expect([...map.keys()]).toEqual(['c', 'd']);
    expect(map.evicted).toBe(2);
  });

  it('takes a key that is set again for the newest', () => {
    const map = mapOf(2, 'a', 'b', 'a', 'c');

    expect([...map.keys()]).toEqual(['a', 'c']);
  });

  it('does not take a key that is only read for a newer one', () => {
    const map = mapOf(2, 'a', 'b');
    map.get('a');
    map.getOrMake('a', () => 'another');
    map.set('c', 'C');

    expect([...map]).toEqual([
      ['b', 'B'],
      ['c', 'C'],
    ]);
  });

  it('makes what it does not have yet', () => {
    expect(mapOf(1, 'a').getOrMake('b', () => 'made')).toBe('made');
  });
});
