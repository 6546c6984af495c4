import type { ObjectIdentity } from './resource-versions.ts';

/** One entry of a ConfigMap that is kept in many namespaces; the text itself is not held. */
export interface KeptEntry extends ObjectIdentity {
  readonly namespace: string;
  readonly resourceVersion: string;
  /** Of the entry's text, hexadecimal; undefined where the ConfigMap has no such entry. */
  readonly sha256: string | undefined;
  /** Whether the ConfigMap carries the labels that it should. */
  readonly isLabelled: boolean;
  /** Whether we have applied the entry, and nobody has changed it since. */
  readonly isOurs: boolean;
  /** Another that the API server has noted as a writer of the entry. */
  readonly otherManager: string | undefined;
  /** Whether there is nothing else in the ConfigMap, so that it may go as a whole. */
  readonly isAlone: boolean;
}

/** Which ConfigMap, and what in it, is kept in many namespaces. */
export interface KeptEntryKind {
  /** Of the ConfigMap, in each namespace. */
  readonly name: string;
  /** Of the entry. */
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The calls that keep one entry of a ConfigMap. Each throws a `KubeApiError` when the API refuses,
 * fails or does not answer, and rejects with the signal's own reason when it aborts first.
 */
export interface ConfigMapWrites {
  /**
   * Makes entry and labels so by a server-side apply as `istio-ra`, whoever wrote them before; all
   * else in the ConfigMap stays.
   */
  applyEntry(
    kind: KeptEntryKind,
    entry: { readonly namespace: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Takes away what `istio-ra` has applied: the whole ConfigMap where there is nothing else in it. What
   * another manager has written too stays. A conflict when it has changed since `entry` was seen; a
   * NotFound may be thrown where it is gone.
   */
  removeEntry(kind: KeptEntryKind, entry: KeptEntry, signal: AbortSignal): Promise<void>;
}
