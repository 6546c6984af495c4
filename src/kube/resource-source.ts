import type { KubeApiError } from './api-error.ts';

/** One thing that a watch said. */
export type WatchEvent<T> =
  /** Added or modified: this is the object now. */
  | { readonly kind: 'put'; readonly object: T }
  /** Deleted, or no longer selected; `object` is its last state. */
  | { readonly kind: 'gone'; readonly object: T }
  /** Nothing happened up to this version. */
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }
  /** Bytes arrived that are no whole event yet: the connection lives. */
  | { readonly kind: 'heartbeat' }
  /** The API ended the watch with a Status, or sent what nobody can read. */
  | { readonly kind: 'error'; readonly error: KubeApiError };

export interface ResourceList<T> {
  readonly items: readonly T[];
  /** Where a watch may start so that nothing is missed. */
  readonly resourceVersion: string;
}

export interface WatchOptions {
  readonly resourceVersion: string;
  /** After this many seconds the server closes the watch on its own. */
  readonly timeoutSeconds: number;
}

/**
 * A selection of one resource's objects, to be listed and watched. Both reject with a
 * `KubeApiError`, or with the signal's own reason when it aborts first.
 */
export interface ResourceSource<T> {
  /** For logs: the resource's plural name. */
  readonly resource: string;
  list(signal: AbortSignal): Promise<ResourceList<T>>;
  /**
   * Yields until the server closes the watch (the iteration ends) or the connection breaks (it
   * throws). The first event is a heartbeat: the server accepted the watch.
   */
  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
}
