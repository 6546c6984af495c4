import { describe, expect, it } from '@jest/globals';
import { FairLine } from '../../../src/base/fair-line.ts';
import type { Waiting } from '../../../src/base/fair-line.ts';

function entry(name: string, cost = 1): Waiting<string> {
  return { key: name.charAt(0), item: name, cost };
}

function lineOf(mostCost: number, ...names: string[]): FairLine<string> {
  const line = new FairLine<string>({ mostCost });
  for (const name of names) line.join(entry(name));
  return line;
}

function drained(line: FairLine<string>): readonly string[] {
  const names: string[] = [];
  for (let next = line.next(); next !== undefined; next = line.next()) names.push(next.item);
  return names;
}

describe('FairLine', () => {
  it('takes one of each key in turn, in the order of their coming within a key', () => {
    const line = lineOf(10, 'a1', 'a2', 'a3', 'b1', 'c1', 'b2');

    expect(drained(line)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('gives a key that comes back its turn after those that waited', () => {
    const line = lineOf(10, 'a1', 'b1', 'c1');
    line.next();
    line.join(entry('a2'));

    expect(drained(line)).toEqual(['b1', 'c1', 'a2']);
  });

  it('passes over keys that may not go, which keep their turn', () => {
    const line = lineOf(10, 'a1', 'b1', 'c1');

    expect(line.next((key) => key !== 'a')?.item).toBe('b1');
    expect(drained(line)).toEqual(['a1', 'c1']);
  });

  it('has nobody for a turn where no key may go', () => {
    expect(lineOf(10, 'a1').next(() => false)).toBeUndefined();
  });

  it('turns the newcomer away when its own line is the longest', () => {
    const line = lineOf(3, 'a1', 'a2', 'b1');
    const newcomer = entry('a3');

    expect(line.join(newcomer)).toEqual([newcomer]);
    expect(drained(line)).toEqual(['a1', 'b1', 'a2']);
  });

  it('turns away the last of the longest line for a newcomer with a shorter one', () => {
    const line = lineOf(3, 'a1', 'a2', 'a3');

    expect(line.join(entry('b1')).map(({ item }) => item)).toEqual(['a3']);
    expect(drained(line)).toEqual(['a1', 'b1', 'a2']);
  });

  it('turns nobody away for a newcomer that would only swap places', () => {
    const line = lineOf(2, 'a1', 'b1');
    const newcomer = entry('c1');

    expect(line.join(newcomer)).toEqual([newcomer]);
  });

  it('goes by what waiting costs and not by the number that wait', () => {
    const line = lineOf(10, 'a1');
    line.join(entry('b1', 8));

    expect(line.join(entry('a2', 2)).map(({ item }) => item)).toEqual(['b1']);
    expect(line.cost).toBe(3);
  });

  it('keeps its count through coming and going', () => {
    const line = lineOf(10, 'a1');
    const second = entry('a2', 4);
    line.join(second);

    expect(line).toMatchObject({ size: 2, cost: 5 });
    expect(line.leave(second)).toBe(true);
    expect(line.leave(second)).toBe(false);
    expect(line).toMatchObject({ size: 1, cost: 1 });
    line.clear();
    expect(line).toMatchObject({ size: 0, cost: 0 });
  });
});
