import { withNewMetadata } from './object-metadata.ts';
import type { ObjectStore } from './object-store.ts';
import { findResource, resources } from './resource-registry.ts';

/** What a cluster's controllers put into every new namespace. */
export function seedNamespace(store: ObjectStore, namespace: string, now: number): void {
  const definition = findResource('', 'serviceaccounts');
  if (definition === undefined || store.get(definition.plural, namespace, 'default')) return;
  const account = { metadata: { name: 'default' } };
  store.insert(definition.plural, withNewMetadata(account, { definition, namespace }, now));
}

/** Removes all that a namespace holds. */
export function emptyNamespace(store: ObjectStore, namespace: string): void {
  for (const { plural, namespaced } of resources) {
    if (!namespaced) continue;
    for (const object of store.list(plural, namespace).objects) store.remove(plural, object);
  }
}
