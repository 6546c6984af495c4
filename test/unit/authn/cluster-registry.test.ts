import { describe, expect, it } from '@jest/globals';
import { ClusterRegistry } from '../../../src/authn/cluster-registry.ts';
import type { Cluster } from '../../../src/authn/cluster-registry.ts';

function aCluster(id: string, ...aliases: string[]): Cluster {
  return {
    id,
    aliases,
    tokenReviews: { review: () => Promise.reject(new Error('not asked in these tests')) },
    allowedNamespaces: 'all',
    allowedSigners: 'all',
  };
}

const local = aCluster('Kubernetes', 'primary');
const remote = aCluster('west', 'west-alias');
const registry = new ClusterRegistry(local, [remote]);

describe('ClusterRegistry', () => {
  it('names the local cluster first', () => {
    expect(registry.clusters.map(({ id }) => id)).toEqual(['Kubernetes', 'west']);
  });

  it.each([
    [[], 'Kubernetes'],
    [[''], 'Kubernetes'],
    [['Kubernetes'], 'Kubernetes'],
    [['primary'], 'Kubernetes'],
    [['west'], 'west'],
    [['west-alias'], 'west'],
  ])('chooses by clusterid %j the cluster %s', (clusterIds, id) => {
    expect(registry.choose(clusterIds).id).toBe(id);
  });

  it.each([
    [['east'], 'cluster_unknown'],
    [['West'], 'cluster_unknown'],
    [['west '], 'cluster_unknown'],
    [['west', 'west'], 'cluster_id_repeated'],
    [['', 'west'], 'cluster_id_repeated'],
  ])('refuses clusterid %j', (clusterIds, reason) => {
    expect(() => registry.choose(clusterIds)).toThrow(
      expect.objectContaining({ code: 'CALLER_UNAUTHENTICATED', reason }),
    );
  });

  it('finds a cluster by its id, not by an alias', () => {
    expect(registry.find('west')).toBe(remote);
    expect(registry.find('west-alias')).toBeUndefined();
  });

  it('forgets remote clusters that are gone', () => {
    const changing = new ClusterRegistry(local, [remote]);
    changing.replaceRemotes([aCluster('east')]);

    expect(changing.find('west')).toBeUndefined();
    expect(changing.choose(['east']).id).toBe('east');
  });

  it.each([
    ['takes the id of the local one', [aCluster('Kubernetes')]],
    ['takes an alias of the local one', [aCluster('primary')]],
    ['has an alias that is the id of another', [aCluster('a', 'b'), aCluster('b')]],
    ['has an empty name', [aCluster('a', '')]],
    ['is one of too many', Array.from({ length: 257 }, (_, at) => aCluster(`c${at}`))],
  ])('keeps what it has when a remote cluster %s', (_case, remotes) => {
    const changing = new ClusterRegistry(local, [remote]);

    expect(() => {
      changing.replaceRemotes(remotes);
    }).toThrow(Error);
    expect(changing.clusters).toEqual([local, remote]);
  });

  it('lets a cluster repeat its own id among its aliases', () => {
    expect(new ClusterRegistry(aCluster('a', 'a')).choose(['a']).id).toBe('a');
  });
});
