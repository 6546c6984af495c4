import type { ObjectIdentity } from './resource-versions.ts';

/** A ClusterTrustBundle of certificates.k8s.io. */
export interface ClusterTrustBundle extends ObjectIdentity {
  readonly resourceVersion: string;
  readonly signerName: string;
  /** PEM. */
  readonly trustBundle: string;
  /** Whether we have applied the bundle, and nobody has changed it since. */
  readonly isOurs: boolean;
}

export interface ClusterTrustBundleDraft {
  readonly name: string;
  readonly signerName: string;
  readonly labels: Readonly<Record<string, string>>;
  /** PEM. */
  readonly trustBundle: string;
}

/**
 * The calls that keep ClusterTrustBundles, in whichever version the API server has. Each throws a
 * `KubeApiError` when the API refuses, fails or does not answer, and rejects with the signal's own
 * reason when it aborts first. A server without the resource says NotFound.
 */
export interface ClusterTrustBundles {
  /** Whether the API server has the resource now: it may be switched off, as it is by default. */
  isServed(signal: AbortSignal): Promise<boolean>;
  list(labelSelector: string, signal: AbortSignal): Promise<readonly ClusterTrustBundle[]>;
  /** Makes it, or makes it so, by a server-side apply as `istio-ra`. */
  apply(draft: ClusterTrustBundleDraft, signal: AbortSignal): Promise<void>;
  /** A conflict when it has changed since it was seen; one that is gone is no error. */
  remove(
    bundle: Pick<ClusterTrustBundle, 'name' | 'uid' | 'resourceVersion'>,
    signal: AbortSignal,
  ): Promise<void>;
}
