import { describe, expect, it } from '@jest/globals';
import { applyPatch } from '../../../src/sandbox/patch.ts';
import { refusalOf } from './api-world.ts';

const target = {
  metadata: { name: 'a', labels: { x: '1' } },
  data: { keep: 'k', 'a/b': 'c' },
  list: ['a', 'b'],
  status: { conditions: [{ type: 'A', status: 'True' }, { type: 'B' }] },
};

function patched(contentType: string, patch: unknown): unknown {
  const bytes = Buffer.from(typeof patch === 'string' ? patch : JSON.stringify(patch));
  return applyPatch(target, { contentType: `application/${contentType}`, bytes });
}

describe('applyPatch', () => {
  it('merges objects, removes what is null and replaces lists (RFC 7396)', () => {
    const patch = { metadata: { labels: { x: null, y: '2' } }, list: ['c'] };
    expect(patched('merge-patch+json', patch)).toEqual({
      ...target,
      metadata: { name: 'a', labels: { y: '2' } },
      list: ['c'],
    });
  });

  it('merges conditions by type in a strategic patch', () => {
    const patch = { status: { $retainKeys: [], conditions: [{ type: 'B', status: 'False' }] } };
    expect(patched('strategic-merge-patch+json', patch)).toMatchObject({
      status: {
        conditions: [
          { type: 'A', status: 'True' },
          { type: 'B', status: 'False' },
        ],
      },
    });
  });

  it.each([
    [{ op: 'add', path: '/data/new', value: 1 }, { data: { keep: 'k', 'a/b': 'c', new: 1 } }],
    [{ op: 'replace', path: '/data/a~1b', value: 'd' }, { data: { keep: 'k', 'a/b': 'd' } }],
    [{ op: 'remove', path: '/data/a~1b' }, { data: { keep: 'k' } }],
    [{ op: 'add', path: '/list/0', value: 'z' }, { list: ['z', 'a', 'b'] }],
    [{ op: 'add', path: '/list/-', value: 'z' }, { list: ['a', 'b', 'z'] }],
    [{ op: 'replace', path: '/list/1', value: 'z' }, { list: ['a', 'z'] }],
    [{ op: 'remove', path: '/list/0' }, { list: ['b'] }],
    [{ op: 'copy', from: '/list/0', path: '/data/keep' }, { data: { keep: 'a', 'a/b': 'c' } }],
    [{ op: 'move', from: '/list/0', path: '/data/keep' }, { list: ['b'] }],
    [{ op: 'test', path: '/data/keep', value: 'k' }, { data: target.data }],
  ])('carries out %j (RFC 6902)', (operation, expected) => {
    const result = patched('json-patch+json', [operation]) as Record<string, unknown>;
    for (const [field, value] of Object.entries(expected)) expect(result[field]).toEqual(value);
  });

  it.each([
    { op: 'test', path: '/data/keep', value: 'other' },
    { op: 'remove', path: '/data/none' },
    { op: 'replace', path: '/data/none', value: 1 },
    { op: 'add', path: '/none/x', value: 1 },
    { op: 'add', path: '/list/7', value: 1 },
    { op: 'add', path: '/data/keep/x', value: 1 },
    { op: 'fly', path: '/x' },
  ])('refuses %j with 422', (operation) => {
    expect(refusalOf(() => patched('json-patch+json', [operation])).code).toBe(422);
  });

  it.each([
    ['json-patch+json', { op: 'add' }],
    ['json-patch+json', [{ op: 'add', path: 'x' }]],
    ['merge-patch+json', '{"a'],
    ['merge-patch+json', '[]'],
    ['apply-patch+yaml', 'a: [b'],
  ])('refuses a malformed %s with 400', (contentType, patch) => {
    expect(refusalOf(() => patched(contentType, patch)).code).toBe(400);
  });

  it('does not know other types: 415', () => {
    expect(refusalOf(() => patched('json', {})).code).toBe(415);
  });

  it('changes neither target nor prototype', () => {
    const before = JSON.stringify(target);
    patched('json-patch+json', [{ op: 'add', path: '/__proto__', value: { polluted: true } }]);
    patched('merge-patch+json', '{"__proto__":{"polluted":true}}');
    expect([JSON.stringify(target), Reflect.get({}, 'polluted')]).toEqual([before, undefined]);
  });
});
