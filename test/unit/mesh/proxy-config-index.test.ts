import { describe, expect, it } from '@jest/globals';
import { parseProxyConfig } from '../../../src/mesh/proxy-config.ts';
import type { ProxyConfigEntry } from '../../../src/mesh/proxy-config.ts';
import { ProxyConfigIndex } from '../../../src/mesh/proxy-config-index.ts';
import type { LevelVerdict } from '../../../src/mesh/proxy-config-levels.ts';

const root = 'istio-system';

interface AnEntry {
  readonly namespace?: string;
  readonly uid?: string;
  readonly selects?: object;
  readonly created?: string;
}

function anEntry(name: string, options: AnEntry = {}): ProxyConfigEntry {
  const { namespace = 'bar', uid = name, selects, created = '2026-01-01T00:00:00Z' } = options;
  const entry = parseProxyConfig({
    metadata: { namespace, name, uid, resourceVersion: '1', creationTimestamp: created },
    spec: {
      environmentVariables: { ISTIO_META_CERT_SIGNER: name },
      ...(selects === undefined ? {} : { selector: { matchLabels: selects } }),
    },
  });
  if (entry === undefined) throw new Error('the test made no ProxyConfig');
  return entry;
}

function anIndex(...entries: readonly ProxyConfigEntry[]): ProxyConfigIndex {
  const index = new ProxyConfigIndex();
  for (const entry of entries) index.put(entry);
  return index;
}

function told({ winner, losers }: LevelVerdict): unknown {
  return [winner?.name, losers.map(({ entry, because }) => `${entry.name}: ${because}`)];
}

describe('what selects a pod', () => {
  it('is found anew when a ProxyConfig comes, changes or goes', () => {
    const labels = { app: 'x' };
    const [old, young] = [
      anEntry('old', { selects: labels }),
      anEntry('young', { selects: labels, created: '2026-01-02T00:00:00Z' }),
    ];
    const index = anIndex(young);
    const winner = (): string | undefined => index.current().selecting('bar', labels)?.name;
    expect([winner(), winner()]).toEqual(['young', 'young']);
    index.put(old);
    expect(winner()).toBe('old');
    index.put(anEntry('old', { selects: { app: 'y' } }));
    expect(winner()).toBe('young');
    index.gone(young);
    expect([winner(), winner()]).toEqual([undefined, undefined]);
  });
});

describe('the workload level', () => {
  const snapshot = anIndex(
    anEntry('b', { selects: { app: 'x' }, created: '2026-01-02T00:00:00Z' }),
    anEntry('c', { selects: { app: 'x', tier: 'web' }, created: '2026-01-01T00:00:00Z' }),
    anEntry('nobody', { selects: {} }),
    anEntry('whole'),
  ).current();
  const ignored = 'nobody: its selector names no labels, which selects nobody';

  it('is decided by the oldest that selects the pod', () => {
    expect(told(snapshot.workloadLevel('bar', { app: 'x', tier: 'web', more: 'y' }))).toEqual([
      'c',
      ['b: c is older', ignored],
    ]);
  });

  it('asks for all labels of a selector', () => {
    expect(told(snapshot.workloadLevel('bar', { app: 'x' }))).toEqual([
      'b',
      ['c: the pod has no label tier=web', ignored],
    ]);
  });

  it.each([{ app: 'x', tier: 'web' }, { app: 'x' }, { app: 'y' }, {}])(
    'has the same winner for %j where only the winner is asked for',
    (labels) => {
      const { winner } = snapshot.workloadLevel('bar', labels);
      expect(snapshot.selecting('bar', labels)).toBe(winner);
    },
  );

  it('is silent where no pod is known', () => {
    const because = 'it selects pods, and no pod is known';
    expect(told(snapshot.workloadLevel('bar', undefined))).toEqual([
      undefined,
      [`c: ${because}`, `b: ${because}`, ignored],
    ]);
  });

  it('is silent for pods of other namespaces', () => {
    expect(told(snapshot.workloadLevel('foo', { app: 'x' }))).toEqual([undefined, []]);
  });

  it('keeps a selector of the root namespace to the pods there', () => {
    const index = anIndex(anEntry('r', { namespace: root, selects: { app: 'x' } }));
    expect(index.current().workloadLevel('bar', { app: 'x' }).winner).toBeUndefined();
  });

  it('is not fooled by labels that every object has', () => {
    const index = anIndex(anEntry('p', { selects: { toString: 'x' } }));
    expect(index.current().workloadLevel('bar', {}).winner).toBeUndefined();
  });
});

describe('the namespace levels', () => {
  it('are decided by the oldest without a selector', () => {
    const old = anEntry('z', { created: '2025-12-31T23:59:59Z' });
    const snapshot = anIndex(anEntry('a'), old).current();
    expect(told(snapshot.namespaceLevel('bar', root))).toEqual(['z', ['a: z is older']]);
  });

  it('are decided by the name between two of the same second', () => {
    const snapshot = anIndex(anEntry('b'), anEntry('a'), anEntry('c')).current();
    expect(snapshot.namespaceLevel('bar', root).winner?.name).toBe('a');
  });

  it('count a ProxyConfig of the root namespace once', () => {
    const snapshot = anIndex(anEntry('r', { namespace: root })).current();
    const winners = [snapshot.namespaceLevel(root, root), snapshot.rootNamespaceLevel(root)];
    expect(winners.map(({ winner }) => winner?.name)).toEqual([undefined, 'r']);
  });
});

describe('ProxyConfigIndex', () => {
  it('replaces what it is given again', () => {
    const index = anIndex(anEntry('a'), anEntry('a', { selects: { app: 'x' } }));
    expect(index.current().namespaceLevel('bar', root).winner).toBeUndefined();
  });

  it('forgets what is gone', () => {
    const index = anIndex(anEntry('a'));
    index.gone({ namespace: 'bar', name: 'a', uid: 'a' });
    expect([index.size, index.current().namespaceLevel('bar', root).winner]).toEqual([
      0,
      undefined,
    ]);
  });

  it('keeps what has followed another under the same name', () => {
    const index = anIndex(anEntry('a', { uid: 'second' }));
    index.gone({ namespace: 'bar', name: 'a', uid: 'first' });
    expect(index.size).toBe(1);
  });

  it('hands out snapshots that later changes leave alone', () => {
    const index = anIndex(anEntry('a'));
    const before = index.current();
    index.put(anEntry('0', { created: '2020-01-01T00:00:00Z' }));
    index.gone({ namespace: 'bar', name: 'a', uid: 'a' });
    expect(before.namespaceLevel('bar', root).winner?.name).toBe('a');
  });

  it('hands out every change with the next snapshot', () => {
    const index = anIndex(anEntry('b'), anEntry('c'));
    const winner = (): string | undefined =>
      index.current().namespaceLevel('bar', root).winner?.name;
    const before = winner();
    index.put(anEntry('a'));
    const added = winner();
    index.gone({ namespace: 'bar', name: 'a', uid: 'a' });
    expect([before, added, winner()]).toEqual(['b', 'a', 'b']);
  });

  it('makes no new snapshot where nothing changed', () => {
    const index = anIndex(anEntry('a'));
    const before = index.current();
    index.gone({ namespace: 'bar', name: 'unknown', uid: 'u' });
    expect(index.current()).toBe(before);
  });
});

describe('ProxyConfigIndex with more than it keeps', () => {
  function anOverfullIndex(): ProxyConfigIndex {
    const index = new ProxyConfigIndex({ maxPerNamespace: 2 });
    for (const name of ['a', 'b', 'c']) index.put(anEntry(name));
    index.put(anEntry('f', { namespace: 'foo' }));
    return index;
  }
  const fault = 'the namespace has more ProxyConfigs than are kept';

  it('marks every level of that namespace', () => {
    const snapshot = anOverfullIndex().current();
    const levels = [snapshot.workloadLevel('bar', {}), snapshot.namespaceLevel('bar', root)];
    expect(levels.map((level) => level.fault)).toEqual([fault, fault]);
  });

  it('leaves other namespaces as they are', () => {
    expect(anOverfullIndex().current().namespaceLevel('foo', root)).toMatchObject({
      winner: { name: 'f' },
      fault: undefined,
    });
  });

  it('tells which namespaces they are, and keeps no more', () => {
    const index = anOverfullIndex();
    expect([index.overfullNamespaces, index.size]).toEqual([['bar'], 3]);
  });

  it('keeps the mark when some of them go, as it cannot know the others', () => {
    const index = anOverfullIndex();
    for (const name of ['a', 'b', 'c']) index.gone({ namespace: 'bar', name, uid: name });
    expect(index.current().namespaceLevel('bar', root).fault).toBe(fault);
  });

  it('still takes changes of those that it keeps', () => {
    const index = anOverfullIndex();
    index.put(anEntry('a', { uid: 'new' }));
    expect(index.current().namespaceLevel('bar', root).winner?.uid).toBe('new');
  });

  it('has a bound over all namespaces as well', () => {
    const index = new ProxyConfigIndex({ maxInAll: 1 });
    index.put(anEntry('a'));
    index.put(anEntry('f', { namespace: 'foo' }));
    expect([index.size, index.overfullNamespaces]).toEqual([1, ['foo']]);
  });
});
