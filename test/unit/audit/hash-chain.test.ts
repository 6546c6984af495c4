import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { HashChain, readLine } from '../../../src/audit/hash-chain.ts';
import type { ChainLink } from '../../../src/audit/hash-chain.ts';

const closed = { kind: 'closed', time: '2026-01-01T00:00:00.000Z' } as const;

function linkOf(bytes: Buffer): ChainLink {
  return JSON.parse(bytes.toString()) as ChainLink;
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes.subarray(0, -1)).digest('hex');
}

describe('HashChain', () => {
  it('begins with number 1, no predecessor and a name of its own', () => {
    const first = linkOf(new HashChain(undefined).seal(closed));
    const other = linkOf(new HashChain(undefined).seal(closed));
    expect(first).toMatchObject({ seq: 1, prev: null });
    expect(first.chain).not.toBe(other.chain);
  });

  it('ties each line to the exact bytes of the one before', () => {
    const chain = new HashChain(undefined);
    const first = chain.seal(closed);
    const second = chain.seal(closed);
    expect(linkOf(second)).toMatchObject({ seq: 2, prev: hashOf(first) });
    expect(chain.head).toMatchObject({ seq: 2, hash: hashOf(second) });
  });

  it('goes on after a head that was found', () => {
    const head = { chain: 'c', seq: 41, hash: 'ab'.repeat(32) };
    const next = new HashChain(head).seal(closed);
    expect(linkOf(next)).toMatchObject({ chain: 'c', seq: 42, prev: head.hash });
  });

  it.each([
    ['text', 'not json', 'unreadable'],
    ['an array', '[1]', 'unreadable'],
    ['a log line', '{"level":"info","message":"serving"}', 'foreign'],
    ['a number that is none', '{"seq":"1","chain":"c","prev":null}', 'unreadable'],
    ['a number out of range', '{"seq":0,"chain":"c","prev":null}', 'unreadable'],
    ['a hash that is none', '{"seq":1,"chain":"c","prev":"ab"}', 'unreadable'],
  ])('reads %s as what it is', (_name, text, kind) => {
    expect(readLine(text).kind).toBe(kind);
  });
});
