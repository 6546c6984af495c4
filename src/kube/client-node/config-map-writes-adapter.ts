import { createHash } from 'node:crypto';
import { isJsonObject, objectAt, stringAt, stringMapAt } from '../../base/json.ts';
import type { ConfigMapWrites, KeptEntry, KeptEntryKind } from '../config-map-writes.ts';
import { ownersOf } from './field-managers.ts';
import { namespacedFolder } from './object-calls.ts';
import type { ObjectCalls, ObjectPath } from './object-calls.ts';
import { parseConfigMap } from './resource-objects.ts';

const resource = 'configmaps';

/** One entry of a ConfigMap in many namespaces, by server-side apply. */
export class KubernetesConfigMapWrites implements ConfigMapWrites {
  readonly #calls: ObjectCalls;

  constructor(calls: ObjectCalls) {
    this.#calls = calls;
  }

  async applyEntry(
    kind: KeptEntryKind,
    { namespace, text }: { readonly namespace: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { name, labels, key } = kind;
    const metadata = { namespace, name, labels };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [key]: text } };
    await this.#calls.apply(pathOf(namespace, name), object, signal);
  }

  async removeEntry(kind: KeptEntryKind, entry: KeptEntry, signal: AbortSignal): Promise<void> {
    const { namespace, uid, resourceVersion } = entry;
    const { name } = kind;
    const path = pathOf(namespace, name);
    if (entry.isAlone && entry.otherManager === undefined) {
      await this.#calls.delete(path, { uid, resourceVersion }, signal);
      return;
    }
    // What a manager leaves out of its apply is taken away, unless another has applied it too. With
    // the uid it cannot make an object that is gone anew.
    const metadata = { namespace, name, uid, resourceVersion };
    await this.#calls.apply(path, { apiVersion: 'v1', kind: 'ConfigMap', metadata }, signal);
  }
}

function pathOf(namespace: string, name: string): ObjectPath {
  return { resource, folder: namespacedFolder('/api/v1', namespace, resource), name };
}

/** Throws when `raw` is no ConfigMap in a namespace. */
export function parseKeptEntry(raw: unknown, { key, labels }: KeptEntryKind): KeptEntry {
  const { data, namespace, ...identity } = parseConfigMap(raw);
  const object = isJsonObject(raw) ? raw : {};
  const metadata = objectAt(object, 'metadata');
  if (namespace === undefined) throw new Error('the object is in no namespace');
  const text = stringAt(objectAt(object, 'data'), key);
  const owners = ownersOf(metadata, ['f:data', `f:${key}`]);
  const others = [data, objectAt(object, 'binaryData')].flatMap(Object.keys);
  const found = stringMapAt(metadata, 'labels');
  return {
    ...identity,
    namespace,
    sha256: text === undefined ? undefined : createHash('sha256').update(text).digest('hex'),
    isLabelled: Object.entries(labels).every(([name, value]) => found[name] === value),
    isOurs: owners.isOurs,
    otherManager: owners.other,
    isAlone: others.every((name) => name === key),
  };
}
