import { randomUUID } from 'node:crypto';
import { KubeApiError } from '../../src/kube/api-error.ts';
import type {
  ClusterTrustBundle,
  ClusterTrustBundleDraft,
  ClusterTrustBundles,
} from '../../src/kube/cluster-trust-bundles.ts';

/** ClusterTrustBundles as an API server keeps them. */
export class FakeTrustBundles implements ClusterTrustBundles {
  readonly stored = new Map<string, ClusterTrustBundle>();
  /** In order, such as `apply <name>`. */
  readonly calls: string[] = [];
  served = true;
  /** Thrown by the calls of that verb; for `apply <name>`, by that one. */
  readonly errors = new Map<string, Error>();
  #version = 0;

  static refusal(status: number | undefined, reason: string): KubeApiError {
    const call = { verb: 'x', resource: 'clustertrustbundles' };
    return new KubeApiError(`refused: ${reason}`, { status, reason, ...call });
  }

  // Async, so that a refusal is a rejection.
  async isServed(signal: AbortSignal): Promise<boolean> {
    this.#begin('isServed', signal);
    return Promise.resolve(this.served);
  }

  async list(_labelSelector: string, signal: AbortSignal): Promise<readonly ClusterTrustBundle[]> {
    this.#begin('list', signal);
    return Promise.resolve([...this.stored.values()]);
  }

  async apply(draft: ClusterTrustBundleDraft, signal: AbortSignal): Promise<void> {
    this.#begin(`apply ${draft.name}`, signal);
    this.put({ ...draft, isOurs: true });
    await Promise.resolve();
  }

  async remove({ name }: { readonly name: string }, signal: AbortSignal): Promise<void> {
    this.#begin(`remove ${name}`, signal);
    this.stored.delete(name);
    await Promise.resolve();
  }

  put(bundle: Omit<ClusterTrustBundle, 'uid' | 'resourceVersion'>): void {
    this.#version += 1;
    const uid = this.stored.get(bundle.name)?.uid ?? randomUUID();
    this.stored.set(bundle.name, { ...bundle, uid, resourceVersion: String(this.#version) });
  }

  #begin(call: string, signal: AbortSignal): void {
    signal.throwIfAborted();
    this.calls.push(call);
    const error = this.errors.get(call) ?? this.errors.get(call.split(' ')[0] ?? '');
    if (error !== undefined) throw error;
  }
}
