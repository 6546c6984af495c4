import { describe, expect, it } from '@jest/globals';
import type { Answer } from '../../../src/sandbox/answer.ts';
import { aRequest, ApiWorld, requestsPath } from './api-world.ts';

function worldWith(...names: readonly string[]): ApiWorld {
  const world = new ApiWorld();
  for (const name of names) {
    world.call('POST', requestsPath, aRequest(name, {}, { labels: { app: name } }));
  }
  return world;
}

function listed(answer: Answer): { names: string[]; metadata: Record<string, unknown> } {
  if (answer.kind !== 'list') throw new Error('no list');
  const { items, metadata } = answer.list;
  return { names: items.map((item) => item.metadata.name), metadata: { ...metadata } };
}

describe('a list', () => {
  it('comes in pages that show one moment', () => {
    const world = worldWith('a', 'b', 'c');
    const first = listed(world.call('GET', `${requestsPath}?limit=2`));
    world.call('DELETE', `${requestsPath}/c`);
    const next = String(first.metadata['continue']);
    const second = listed(world.call('GET', `${requestsPath}?limit=2&continue=${next}`));
    expect([first.names, first.metadata['remainingItemCount'], second]).toEqual([
      ['a', 'b'],
      1,
      { names: ['c'], metadata: { resourceVersion: first.metadata['resourceVersion'] } },
    ]);
  });

  it('cannot go on when the moment is forgotten: 410', () => {
    const world = worldWith('a', 'b');
    const { metadata } = listed(world.call('GET', `${requestsPath}?limit=1`));
    world.call('POST', requestsPath, aRequest('c'));
    world.store.forgetHistory();
    const path = `${requestsPath}?limit=1&continue=${String(metadata['continue'])}`;
    expect(world.refusal('GET', path)).toMatchObject({ code: 410, reason: 'Expired' });
  });

  it.each([
    ['labelSelector=app%3Db', ['b']],
    ['labelSelector=app+notin+(b)', ['a', 'c']],
    ['fieldSelector=metadata.name%3Dc', ['c']],
    ['fieldSelector=spec.signerName%3Dx.y/z', []],
    ['resourceVersion=0', ['a', 'b', 'c']],
  ])('selects by %s', (query, names) => {
    expect(worldWith('a', 'b', 'c').names(`${requestsPath}?${query}`)).toEqual(names);
  });

  it.each([
    ['limit=abc', 400],
    ['resourceVersion=abc', 400],
    ['continue=xxx', 400],
    ['fieldSelector=spec.foo%3D1', 400],
    ['resourceVersion=99999', 504],
  ])('refuses %s', (query, code) => {
    expect(worldWith('a').refusal('GET', `${requestsPath}?${query}`).code).toBe(code);
  });
});

describe('a watch order', () => {
  function order(query: string): unknown {
    const answer = worldWith('a').call('GET', `${requestsPath}?watch=1&${query}`);
    if (answer.kind !== 'watch') throw new Error('no watch');
    return answer.order;
  }

  it.each([
    ['', undefined],
    ['resourceVersion=0', undefined],
    ['resourceVersion=7', 7],
    ['resourceVersion=7&sendInitialEvents=true&resourceVersionMatch=NotOlderThan', undefined],
  ])('begins after the version of %j', (query, fromRevision) => {
    expect(order(query)).toMatchObject({ fromRevision });
  });

  it('lasts as long as the client says, else at least half an hour', () => {
    const { timeoutSeconds } = order('') as { timeoutSeconds: number };
    expect([order('timeoutSeconds=5'), timeoutSeconds >= 1800]).toMatchObject([
      { timeoutSeconds: 5 },
      true,
    ]);
  });

  it.each([
    ['resourceVersion=abc', 500],
    ['sendInitialEvents=true', 422],
    ['fieldSelector=spec.foo%3D1', 400],
  ])('refuses %s', (query, code) => {
    expect(worldWith('a').refusal('GET', `${requestsPath}?watch=1&${query}`).code).toBe(code);
  });
});
