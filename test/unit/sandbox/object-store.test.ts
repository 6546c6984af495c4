import { describe, expect, it } from '@jest/globals';
import { ObjectStore } from '../../../src/sandbox/object-store.ts';
import type { Change, UnstoredObject } from '../../../src/sandbox/object-store.ts';

function aConfigMap(name: string, data: object = {}): UnstoredObject {
  const metadata = { name, namespace: 'foo', uid: name, creationTimestamp: '2026-01-01T00:00:00Z' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
}

function aStore(historySize = 10): ObjectStore {
  return new ObjectStore({ historySize, maxObjects: 5 });
}

const names = (store: ObjectStore, revision: number): readonly string[] | undefined =>
  store.listAt(revision, 'configmaps')?.objects.map(({ metadata }) => metadata.name);

describe('ObjectStore', () => {
  it('stamps every change with a version of its own', () => {
    const store = aStore();
    const first = store.insert('configmaps', aConfigMap('a'));
    const second = store.replace('configmaps', aConfigMap('a', { x: '1' }), first);
    const gone = store.remove('configmaps', second);
    const versions = [first, second, gone].map(({ metadata }) => Number(metadata.resourceVersion));
    expect(versions).toEqual([versions[0], Number(versions[0]) + 1, Number(versions[0]) + 2]);
  });

  it('hands out objects that nobody can change', () => {
    const stored = aStore().insert('configmaps', aConfigMap('a', { nested: { x: 1 } }));
    expect(Object.isFrozen(stored['data'])).toBe(true);
  });

  it('lists in the order of namespace and name', () => {
    const store = aStore();
    for (const name of ['b', 'c', 'a']) store.insert('configmaps', aConfigMap(name));
    expect(store.list('configmaps').objects.map(({ metadata }) => metadata.name)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('shows the past as it was', () => {
    const store = aStore();
    const a = store.insert('configmaps', aConfigMap('a'));
    const then = store.revision;
    store.insert('configmaps', aConfigMap('b'));
    store.remove('configmaps', a);
    expect([names(store, then), names(store, store.revision)]).toEqual([['a'], ['b']]);
  });

  it('forgets what is older than its history', () => {
    const store = aStore(2);
    const before = store.revision;
    for (const name of ['a', 'b', 'c']) store.insert('configmaps', aConfigMap(name));
    expect([store.remembers(before), store.remembers(before + 1), names(store, before)]).toEqual([
      false,
      true,
      undefined,
    ]);
  });

  it('forgets everything on demand', () => {
    const store = aStore();
    const before = store.revision;
    store.insert('configmaps', aConfigMap('a'));
    store.forgetHistory();
    expect([store.remembers(before), store.remembers(store.revision)]).toEqual([false, true]);
  });

  it('tells listeners of changes in order, also of those that a listener makes', () => {
    const store = aStore();
    const seen: string[] = [];
    const note = ({ type, object }: Change): void => {
      seen.push(`${type} ${object.metadata.name}`);
    };
    store.subscribe(({ object }) => {
      if (object.metadata.name === 'a') store.insert('configmaps', aConfigMap('b'));
    });
    store.subscribe(note);
    store.insert('configmaps', aConfigMap('a'));
    expect(seen).toEqual(['ADDED a', 'ADDED b']);
  });

  it('tells a listener nothing once it has left', () => {
    const store = aStore();
    const seen: Change[] = [];
    const leave = store.subscribe((change) => seen.push(change));
    leave();
    store.insert('configmaps', aConfigMap('a'));
    expect(seen).toEqual([]);
  });

  it('takes no more objects than it may', () => {
    const store = aStore();
    for (const name of ['a', 'b', 'c', 'd', 'e']) store.insert('configmaps', aConfigMap(name));
    expect(() => store.insert('configmaps', aConfigMap('f'))).toThrow('space is exceeded');
  });
});
