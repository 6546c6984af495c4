import { deepFreeze } from '../base/deep-freeze.ts';
import { storageKey } from './kube-object.ts';
import type { JsonObject, KubeObject, UnstoredMeta } from './kube-object.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One thing that happened to one object. */
export interface Change {
  readonly revision: number;
  readonly type: ChangeType;
  /** The resource's plural name. */
  readonly resource: string;
  /** The state after the change; for a deletion the last state with the deletion's revision. */
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

export interface ObjectStoreOptions {
  /** How many changes can be replayed. */
  readonly historySize: number;
  /** How many objects there may be; a further insertion throws. */
  readonly maxObjects: number;
}

export interface Snapshot {
  readonly objects: readonly KubeObject[];
  readonly revision: number;
}

/** An object before the store has stamped its revision on it. */
export interface UnstoredObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: UnstoredMeta;
}

/**
 * All objects and a bounded memory of how they came to be, under one revision that grows with every
 * change. Everything happens at once and in order, so a check followed by a write without an `await`
 * in between cannot be overtaken.
 */
export class ObjectStore {
  readonly #options: ObjectStoreOptions;
  readonly #tables = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #history: Change[] = [];
  readonly #undelivered: Change[] = [];
  #isDelivering = false;
  #revision = 1;
  #forgottenUpTo = 1;
  #size = 0;

  constructor(options: ObjectStoreOptions) {
    this.#options = options;
  }

  /** The revision of the newest change. */
  get revision(): number {
    return this.#revision;
  }

  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#tables.get(resource)?.get(storageKey(namespace, name));
  }

  /** Objects of a resource, in one namespace or in all, in the order of their keys. */
  list(resource: string, namespace?: string): Snapshot {
    const objects = [...(this.#tables.get(resource)?.values() ?? [])];
    return { objects: inOrder(objects, namespace), revision: this.#revision };
  }

  /** The same as it stood at `revision`; undefined when that is forgotten or still to come. */
  listAt(revision: number, resource: string, namespace?: string): Snapshot | undefined {
    if (!this.remembers(revision) || revision > this.#revision) return undefined;
    const table = new Map(this.#tables.get(resource));
    for (const change of this.#history.toReversed()) {
      if (change.revision <= revision) break;
      if (change.resource !== resource) continue;
      const key = keyOf(change.object);
      if (change.previous === undefined) table.delete(key);
      else table.set(key, change.previous);
    }
    return { objects: inOrder([...table.values()], namespace), revision };
  }

  /** Whether every change after `revision` can still be replayed. */
  remembers(revision: number): boolean {
    return revision >= this.#forgottenUpTo;
  }

  changesAfter(revision: number): readonly Change[] {
    return this.#history.filter((change) => change.revision > revision);
  }

  /** Forgets how things came to be, as compaction does: older watches must list again. */
  forgetHistory(): void {
    this.#history.length = 0;
    this.#forgottenUpTo = this.#revision;
  }

  /** Calls `listener` after each change until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Stores what was not there; that the name is free is the caller's to check. */
  insert(resource: string, object: UnstoredObject): KubeObject {
    if (this.#size >= this.#options.maxObjects) throw new Error('the database space is exceeded');
    this.#size += 1;
    return this.#put('ADDED', resource, object, undefined);
  }

  /** Stores a new state of `previous`. */
  replace(resource: string, object: UnstoredObject, previous: KubeObject): KubeObject {
    return this.#put('MODIFIED', resource, object, previous);
  }

  remove(resource: string, object: KubeObject): KubeObject {
    this.#size -= 1;
    this.#tables.get(resource)?.delete(keyOf(object));
    return this.#record('DELETED', resource, object, object);
  }

  #put(
    type: ChangeType,
    resource: string,
    object: UnstoredObject,
    previous: KubeObject | undefined,
  ): KubeObject {
    const table = this.#tables.get(resource) ?? new Map<string, KubeObject>();
    this.#tables.set(resource, table);
    const stored = this.#stamp(object);
    table.set(keyOf(stored), stored);
    return this.#announce({ revision: this.#revision, type, resource, object: stored, previous });
  }

  #record(
    type: ChangeType,
    resource: string,
    object: KubeObject,
    previous: KubeObject,
  ): KubeObject {
    const stamped = this.#stamp(object);
    return this.#announce({ revision: this.#revision, type, resource, object: stamped, previous });
  }

  #stamp(object: UnstoredObject): KubeObject {
    this.#revision += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#revision) };
    return deepFreeze({ ...object, metadata });
  }

  #announce(change: Change): KubeObject {
    this.#history.push(change);
    if (this.#history.length > this.#options.historySize) {
      this.#forgottenUpTo = this.#history.shift()?.revision ?? this.#forgottenUpTo;
    }
    this.#undelivered.push(change);
    this.#deliver();
    return change.object;
  }

  /** In order, also when a listener makes a further change. */
  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      for (let change = this.#undelivered.shift(); change; change = this.#undelivered.shift()) {
        for (const listener of [...this.#listeners]) listener(change);
      }
    } finally {
      this.#isDelivering = false;
    }
  }
}

function keyOf({ metadata }: KubeObject): string {
  return storageKey(metadata.namespace, metadata.name);
}

function inOrder(objects: readonly KubeObject[], namespace: string | undefined): KubeObject[] {
  return objects
    .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
