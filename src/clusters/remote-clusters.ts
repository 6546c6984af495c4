import type { Cluster } from '../authn/cluster-registry.ts';
import type { PodSource } from '../authz/caller-pods.ts';
import type { NodeAuthorizer } from '../authz/granted-identity.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { ObjectIdentity } from '../kube/resource-versions.ts';
import type { Secret } from '../kube/objects.ts';
import type { WatchHandlers } from '../kube/supervised-watch.ts';
import { unusableRemoteCluster } from './remote-cluster.ts';
import type { RemoteCluster } from './remote-cluster.ts';
import type { RemoteClusterScope } from './remote-cluster-scopes.ts';

export interface RemoteClustersOptions {
  readonly scopes: readonly RemoteClusterScope[];
  /** Throws an Error, which holds nothing secret, when the kubeconfig cannot be used. */
  readonly open: (scope: RemoteClusterScope, kubeconfig: string, origin: string) => RemoteCluster;
  /** Told all remote clusters whenever they change. */
  readonly onChange: (clusters: readonly Cluster[]) => void;
  readonly log: Logger;
}

/** A kubeconfig, and the Secret that it stands in. */
interface Access {
  readonly kubeconfig: string;
  readonly secret: string;
}

interface Opened {
  readonly remote: RemoteCluster;
  /** What it was opened with, or could not be; undefined before the Secrets have been listed. */
  readonly kubeconfig: string | undefined;
  readonly usable: boolean;
}

/**
 * The remote clusters by Istio's convention of remote secrets: each key of a labelled Secret is a
 * cluster's id, its value the kubeconfig. A Secret says how to reach a cluster; whether the cluster
 * is believed, and how far, is for the operator's file alone.
 */
export class RemoteClusters implements WatchHandlers<Secret>, Stoppable {
  readonly #options: RemoteClustersOptions;
  readonly #secrets = new Map<string, Secret>();
  readonly #told = new Set<string>();
  #opened = new Map<string, Opened>();
  #listed = false;

  constructor(options: RemoteClustersOptions) {
    this.#options = options;
    this.#apply();
  }

  /** Undefined for a cluster that is not known, or cannot be asked. */
  podsOf(cluster: string): PodSource | undefined {
    return this.#opened.get(cluster)?.remote.pods;
  }

  nodeAuthorizerOf(cluster: string): NodeAuthorizer | undefined {
    return this.#opened.get(cluster)?.remote.nodeAuthorizer;
  }

  onPut(secret: Secret): void {
    this.#secrets.set(secret.name, secret);
    this.#apply();
  }

  /** A late word about a Secret that another has followed under the same name changes nothing. */
  onGone({ name, uid }: ObjectIdentity): void {
    if (this.#secrets.get(name)?.uid !== uid) return;
    this.#secrets.delete(name);
    this.#apply();
  }

  onSynced(): void {
    this.#listed = true;
    this.#apply();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#opened.values()].map(({ remote }) => remote.close()));
  }

  #apply(): void {
    const before = this.#opened;
    const accesses = this.#accesses();
    const after = this.#options.scopes.flatMap((scope) => {
      const opened = this.#openedFor(scope, accesses.get(scope.id));
      return opened === undefined ? [] : ([[scope.id, opened]] as const);
    });
    this.#opened = new Map(after);
    // First nobody is sent there any more, then the connections go.
    this.#options.onChange(after.map(([, { remote }]) => remote.cluster));
    const kept = new Set(after.map(([, { remote }]) => remote));
    for (const { remote } of before.values()) if (!kept.has(remote)) void remote.close();
  }

  #openedFor(scope: RemoteClusterScope, access: Access | undefined): Opened | undefined {
    const known = this.#opened.get(scope.id);
    if (access === undefined) {
      if (this.#listed) return undefined;
      const because = 'the Secrets have not been listed yet';
      const remote = unusableRemoteCluster(scope, because);
      return known ?? { remote, kubeconfig: undefined, usable: false };
    }
    return known?.kubeconfig === access.kubeconfig ? known : this.#open(scope, access, known);
  }

  #open(scope: RemoteClusterScope, access: Access, known: Opened | undefined): Opened {
    const { open, log } = this.#options;
    const { kubeconfig, secret } = access;
    const fields = { cluster: scope.id, secret };
    try {
      const remote = open(scope, kubeconfig, `Secret ${secret}`);
      log.info(known?.usable === true ? 'remote cluster replaced' : 'remote cluster added', fields);
      return { remote, kubeconfig, usable: true };
    } catch (error) {
      // A cluster that is reached by its last good kubeconfig would be one that somebody took away.
      log.error('the kubeconfig of a remote cluster cannot be used', { ...fields, error });
      const remote = unusableRemoteCluster(scope, 'its kubeconfig cannot be used');
      return { remote, kubeconfig, usable: false };
    }
  }

  /** How to reach each cluster that is believed; of two Secrets the first by name counts. */
  #accesses(): ReadonlyMap<string, Access> {
    const believed = new Set(this.#options.scopes.map(({ id }) => id));
    const accesses = new Map<string, Access>();
    const secrets = [...this.#secrets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name: secret, data } of secrets) {
      for (const [cluster, kubeconfig] of Object.entries(data)) {
        const fields = { cluster, secret };
        if (!believed.has(cluster)) {
          this.#tellOnce('a remote cluster is not used: REMOTE_CLUSTERS does not list it', fields);
        } else if (accesses.has(cluster)) {
          this.#tellOnce('a second Secret for one remote cluster is not used', fields);
        } else {
          accesses.set(cluster, { kubeconfig, secret });
        }
      }
    }
    return accesses;
  }

  /** Each Secret that changes would tell it all again. */
  #tellOnce(message: string, fields: { readonly cluster: string; readonly secret: string }): void {
    const key = JSON.stringify([message, fields]);
    if (this.#told.has(key) || this.#told.size >= maxTold) return;
    this.#told.add(key);
    this.#options.log.warn(message, fields);
  }
}

const maxTold = 1000;
