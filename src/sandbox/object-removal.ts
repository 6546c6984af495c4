import { textAt, textsAt, timestamp } from './kube-object.ts';
import type { KubeObject } from './kube-object.ts';
import { emptyNamespace } from './namespace-lifecycle.ts';
import type { ObjectStore } from './object-store.ts';
import type { ResourceDefinition } from './resource-registry.ts';

/** Removes an object, or marks it for removal while finalizers hold it; `now` in milliseconds. */
export function removeObject(
  store: ObjectStore,
  { plural }: ResourceDefinition,
  object: KubeObject,
  now: number,
): KubeObject {
  if (textsAt(object, 'metadata', 'finalizers').length > 0) {
    if (object.metadata['deletionTimestamp'] !== undefined) return object;
    const deletionTimestamp = timestamp(now);
    const metadata = { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 };
    const status = plural === 'namespaces' ? { status: { phase: 'Terminating' } } : {};
    return store.replace(plural, { ...object, ...status, metadata }, object);
  }
  if (plural === 'pods') return removePod(store, object, now);
  if (plural === 'namespaces') emptyNamespace(store, object.metadata.name);
  return store.remove(plural, object);
}

/** In two steps, as a node does it that is quick: a pod is first told to end. */
function removePod(store: ObjectStore, pod: KubeObject, now: number): KubeObject {
  const phase = textAt(pod, 'status', 'phase') ?? '';
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  const isOnNode = (textAt(pod, 'spec', 'nodeName') ?? '') !== '';
  const metadata = {
    ...pod.metadata,
    deletionTimestamp: timestamp(now),
    deletionGracePeriodSeconds: isOnNode && !isOver ? 30 : 0,
  };
  return store.remove('pods', store.replace('pods', { ...pod, metadata }, pod));
}
