import { describe, expect, it } from '@jest/globals';
import { ChainCheck } from '../../../src/audit/chain-check.ts';
import type { HashedLink } from '../../../src/audit/chain-check.ts';
import { RequestCheck } from '../../../src/audit/request-check.ts';
import { verify } from './support/audits.ts';

function link(seq: number): HashedLink {
  return { chain: 'c', seq, prev: seq === 1 ? null : `hash-${seq - 1}`, hash: `hash-${seq}` };
}

describe('ChainCheck', () => {
  it('reports the oldest gap for good when there are more than a thousand', () => {
    const check = new ChainCheck(link(1), true);
    const faults = Array.from({ length: 1002 }, (_, n) => check.add(link(1 + 2 * n))).flat();
    expect(faults).toEqual([{ kind: 'missing', fromSeq: 2, toSeq: 2 }]);
    expect(check.missing()).toHaveLength(1000);
  });

  it('takes lines in any order back into the gaps that they left', () => {
    const check = new ChainCheck(link(1), true);
    const order = [1, 10, 5, 2, 9, 3, 8, 4, 7, 6];
    const faults = order.flatMap((seq) => check.add(link(seq)));
    expect(faults.map((fault) => fault.kind)).toEqual(Array(8).fill('reordered'));
    expect(check.missing()).toEqual([]);
  });

  it('finds lines before the first one out of order, and not missing', () => {
    const check = new ChainCheck(link(5), true);
    check.add(link(5));
    expect(check.add(link(3))).toEqual([{ kind: 'reordered', seq: 3 }]);
    expect(check.missing()).toEqual([{ kind: 'missing', fromSeq: 4, toSeq: 4 }]);
  });
});

describe('RequestCheck', () => {
  it('reports the oldest of more than a hundred thousand open intents', () => {
    const check = new RequestCheck();
    const intents = Array.from({ length: 100_001 }, (_, n) =>
      check.add({ kind: 'intent', requestId: `r${n}` }, true),
    );
    expect(intents.flat()).toEqual([{ kind: 'intent_without_decision', requestId: 'r0' }]);
    expect(check.open()).toHaveLength(100_000);
  });
});

describe('verifyAudit', () => {
  it('follows ten thousand chains and says when there are more', async () => {
    const lines = Array.from({ length: 10_001 }, (_, n) =>
      JSON.stringify({ seq: 1, chain: `c${n}`, prev: null, kind: 'closed' }),
    );
    await expect(verify(lines)).resolves.toMatchObject({
      ...{ intact: false, counts: { too_many_chains: 1 } },
    });
  });
});
