import { describe, expect, it } from '@jest/globals';
import { FairQueue } from '../../../src/base/fair-queue.ts';
import type { Waiting } from '../../../src/base/fair-queue.ts';

function entry(name: string, cost = 1): Waiting<string> {
  return { key: name.charAt(0), item: name, cost };
}

function queueOf(maxCost: number, ...names: string[]): FairQueue<string> {
  const queue = new FairQueue<string>({ maxCost });
  for (const name of names) queue.join(entry(name));
  return queue;
}

function drained(queue: FairQueue<string>): readonly string[] {
  const names: string[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) names.push(next.item);
  return names;
}

describe('FairQueue', () => {
  it('takes one of each key in turn, in the order of their coming within a key', () => {
    const queue = queueOf(10, 'a1', 'a2', 'a3', 'b1', 'c1', 'b2');

    expect(drained(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('gives a key that comes back its turn after those that waited', () => {
    const queue = queueOf(10, 'a1', 'b1', 'c1');
    queue.next();
    queue.join(entry('a2'));

    expect(drained(queue)).toEqual(['b1', 'c1', 'a2']);
  });

  it('passes over keys that may not go, which keep their turn', () => {
    const queue = queueOf(10, 'a1', 'b1', 'c1');

    expect(queue.next((key) => key !== 'a')?.item).toBe('b1');
    expect(drained(queue)).toEqual(['a1', 'c1']);
  });

  it('shows whose turn it is without taking it out', () => {
    const queue = queueOf(10, 'a1', 'b1');
    queue.next();

    expect(queue.first?.item).toBe('b1');
    expect(queue.first?.item).toBe('b1');
  });

  it('shows the heads of each key up to the first that is not wanted', () => {
    const queue = queueOf(10, 'a1', 'a2', 'b2', 'b1', 'c1');

    const heads = [...queue.heads((name) => name.endsWith('1'))];
    expect(heads.map(({ item }) => item)).toEqual(['a1', 'c1']);
    expect(queue.size).toBe(5);
  });

  it('has nobody for a turn where no key may go', () => {
    expect(queueOf(10, 'a1').next(() => false)).toBeUndefined();
  });

  it('turns the newcomer away when its own queue is the longest', () => {
    const queue = queueOf(3, 'a1', 'a2', 'b1');
    const newcomer = entry('a3');

    expect(queue.join(newcomer)).toEqual([newcomer]);
    expect(drained(queue)).toEqual(['a1', 'b1', 'a2']);
  });

  it('turns away the last of the longest queue for a newcomer with a shorter one', () => {
    const queue = queueOf(3, 'a1', 'a2', 'a3');

    expect(queue.join(entry('b1')).map(({ item }) => item)).toEqual(['a3']);
    expect(drained(queue)).toEqual(['a1', 'b1', 'a2']);
  });

  it('turns nobody away for a newcomer that would only swap places', () => {
    const queue = queueOf(2, 'a1', 'b1');
    const newcomer = entry('c1');

    expect(queue.join(newcomer)).toEqual([newcomer]);
  });

  it('goes by what waiting costs and not by the number that wait', () => {
    const queue = queueOf(10, 'a1');
    queue.join(entry('b1', 8));

    expect(queue.join(entry('a2', 2)).map(({ item }) => item)).toEqual(['b1']);
    expect(queue.cost).toBe(3);
  });

  it('keeps its count through coming and going', () => {
    const queue = queueOf(10, 'a1');
    const second = entry('a2', 4);
    queue.join(second);

    expect(queue).toMatchObject({ size: 2, cost: 5 });
    expect(queue.leave(second)).toBe(true);
    expect(queue.leave(second)).toBe(false);
    expect(queue).toMatchObject({ size: 1, cost: 1 });
    queue.clear();
    expect(queue).toMatchObject({ size: 0, cost: 0 });
  });
});
