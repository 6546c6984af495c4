import type { TokenReviews } from '../kube/reviews.ts';
import { resolveClusterId } from './cluster-id.ts';
import type { TrustScope } from './trust-scope.ts';

/** A cluster whose service accounts we know, and what its word is good for. */
export interface Cluster extends TrustScope {
  /** What clients send as `clusterid`, and what a Caller is marked with. */
  readonly id: string;
  readonly aliases: readonly string[];
  readonly tokenReviews: TokenReviews;
}

/** More remote clusters than Istio meshes have; each costs connections and a pod index. */
const maxRemotes = 256;

/** The clusters that callers may come from: the local one, and remote ones that come and go. */
export class ClusterRegistry {
  readonly #local: Cluster;
  #remotes: readonly Cluster[] = [];

  /** Throws an Error as `replaceRemotes` does. */
  constructor(local: Cluster, remotes: readonly Cluster[] = []) {
    this.#local = local;
    this.replaceRemotes(remotes);
  }

  /** The local cluster first. */
  get clusters(): readonly Cluster[] {
    return [this.#local, ...this.#remotes];
  }

  /**
   * Takes the remote clusters as they are now. Throws an Error, and keeps those that it has, when
   * there are too many or a name is empty or would name two clusters.
   */
  replaceRemotes(remotes: readonly Cluster[]): void {
    if (remotes.length > maxRemotes) {
      throw new Error(`there are ${remotes.length} remote clusters, more than ${maxRemotes}`);
    }
    const seen = new Set<string>();
    for (const name of [this.#local, ...remotes].flatMap(namesOf)) {
      if (name === '') throw new Error('a cluster has an empty name, which means the local one');
      if (seen.has(name)) throw new Error(`two clusters are named ${JSON.stringify(name)}`);
      seen.add(name);
    }
    this.#remotes = [...remotes];
  }

  /**
   * The cluster that the `clusterid` header names, by id or alias; the local one for an empty or
   * absent value. Throws CALLER_UNAUTHENTICATED for an unknown cluster and for a repeated header.
   */
  choose(clusterIds: readonly string[]): Cluster {
    const [named = ''] = clusterIds;
    const cluster = this.#named(named) ?? this.#local;
    resolveClusterId(clusterIds, cluster);
    return cluster;
  }

  /** The cluster with that id; undefined when there is none, or no longer. */
  find(id: string): Cluster | undefined {
    return this.clusters.find((cluster) => cluster.id === id);
  }

  #named(name: string): Cluster | undefined {
    return this.clusters.find((cluster) => namesOf(cluster).includes(name));
  }
}

/** An id may be repeated among its own aliases, as istiod's --clusterAliases allow. */
function namesOf({ id, aliases }: Cluster): readonly string[] {
  return [...new Set([id, ...aliases])];
}
