import type { JsonObject, KubeObject } from './kube-object.ts';
import type { ResourceDefinition } from './resource-registry.ts';
import type { Selection } from './selectors.ts';

/** Part of a resource's objects at one revision. */
export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly metadata: JsonObject;
}

/** A stream of changes that somebody asked for. */
export interface WatchOrder {
  readonly definition: ResourceDefinition;
  readonly namespace: string | undefined;
  readonly selection: Selection;
  /** Changes after this revision; undefined: begin with the objects as they are. */
  readonly fromRevision: number | undefined;
  readonly bookmarks: boolean;
  /** Marks with a bookmark where the objects end and the changes begin. */
  readonly sendInitialEvents: boolean;
  readonly timeoutSeconds: number;
}

/** What a request comes to, before it is given the form that the client wants. */
export type Answer =
  | { readonly kind: 'object'; readonly status: number; readonly object: KubeObject }
  | { readonly kind: 'list'; readonly list: ObjectList }
  /** A JSON value that has no other form: a Status, a review. */
  | { readonly kind: 'json'; readonly status: number; readonly value: unknown }
  | { readonly kind: 'text'; readonly status: number; readonly text: string }
  | { readonly kind: 'watch'; readonly order: WatchOrder };
