import { describe, expect, it } from '@jest/globals';
import { PodIndex } from '../../../src/kube/pod-index.ts';
import type { Pod } from '../../../src/kube/objects.ts';

function aPod(name: string, change: Partial<Pod> = {}): Pod {
  return {
    namespace: 'foo',
    name,
    uid: `uid-${name}`,
    resourceVersion: '1',
    serviceAccount: 'httpbin',
    nodeName: 'node-1',
    labels: {},
    phase: 'Running',
    deletionTimestamp: undefined,
    ...change,
  };
}

describe('PodIndex', () => {
  it('finds pods by name and by node and account', () => {
    const index = new PodIndex();
    index.onPut(aPod('a'));
    index.onPut(aPod('b'));
    index.onPut(aPod('c', { serviceAccount: 'sleep' }));
    expect(index.find('foo', 'a')?.uid).toBe('uid-a');
    expect(index.find('bar', 'a')).toBeUndefined();
    expect(index.onNode('node-1', 'foo', 'httpbin').map((pod) => pod.name)).toEqual(['a', 'b']);
    expect(index.onNode('node-1', 'bar', 'httpbin')).toEqual([]);
  });

  it('moves a pod when it is placed', () => {
    const index = new PodIndex();
    index.onPut(aPod('a', { nodeName: undefined }));
    index.onPut(aPod('a', { nodeName: 'node-2' }));
    expect(index.onNode('node-2', 'foo', 'httpbin')).toHaveLength(1);
    expect(index.size).toBe(1);
  });

  it('forgets a pod that is gone', () => {
    const index = new PodIndex();
    index.onPut(aPod('a'));
    index.onGone(aPod('a'));
    index.onGone(aPod('a'));
    expect(index.find('foo', 'a')).toBeUndefined();
    expect(index.onNode('node-1', 'foo', 'httpbin')).toEqual([]);
    expect(index.size).toBe(0);
  });

  it('is not misled by late news of a pod that another followed under the same name', () => {
    const index = new PodIndex();
    index.onPut(aPod('a', { uid: 'new' }));
    index.onGone(aPod('a', { uid: 'old' }));
    expect(index.find('foo', 'a')?.uid).toBe('new');
  });
});
