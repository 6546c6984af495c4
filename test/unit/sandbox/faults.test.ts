import { describe, expect, it } from '@jest/globals';
import { FaultBoard } from '../../../src/sandbox/faults.ts';

describe('FaultBoard', () => {
  it('strikes as often as it is told', () => {
    const board = new FaultBoard<string>();
    const fault = board.set('x', { count: 2 });
    expect([board.strike({}), board.strike({}), board.strike({}), fault.strikes]).toEqual([
      'x',
      'x',
      undefined,
      2,
    ]);
  });

  it('strikes what its options name', () => {
    const board = new FaultBoard<string>();
    board.set('x', { verb: 'create', signerName: 'a.b/c' });
    expect([
      board.strike({ verb: 'create', signerName: 'a.b/d' }),
      board.strike({ verb: 'create' }),
      board.strike({ verb: 'create', signerName: 'a.b/c', name: 'n' }),
    ]).toEqual([undefined, undefined, 'x']);
  });

  it('asks the newest first', () => {
    const board = new FaultBoard<string>();
    board.set('old');
    const newest = board.set('new');
    const before = board.strike({});
    newest.clear();
    expect([before, board.strike({})]).toEqual(['new', 'old']);
  });

  it('passes over faults that do not belong to the moment, without counting them', () => {
    const board = new FaultBoard<string>();
    const fault = board.set('x', { count: 1 });
    expect([board.strike({}, (text) => text === 'y'), fault.strikes]).toEqual([undefined, 0]);
  });

  it('tells once that a fault was cleared', () => {
    const board = new FaultBoard<string>();
    let told = 0;
    board.onceCleared(() => (told += 1));
    board.clear();
    board.clear();
    expect(told).toBe(1);
  });
});
