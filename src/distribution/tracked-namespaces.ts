import type { KeptEntry } from '../kube/config-map-writes.ts';
import type { Namespace } from '../kube/objects.ts';
import { isOlder } from '../kube/resource-versions.ts';
import type { ObjectIdentity } from '../kube/resource-versions.ts';

type Labels = Readonly<Record<string, string>>;

/** What we must know of a namespace, and no more: there may be many thousands. */
export interface KnownNamespace {
  readonly uid: string;
  readonly labels: Labels;
  readonly isTerminating: boolean;
}

/** Where nobody runs that needs a root; istiod leaves them out too. */
export const namespacesWithoutRoots: readonly string[] = [
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
];

/** All namespaces and what we keep in them, as two watches tell; texts are known by their hash alone. */
export class TrackedNamespaces {
  readonly #namespaces = new Map<string, KnownNamespace>();
  readonly #entries = new Map<string, KeptEntry>();

  /** The names of all namespaces. */
  names(): readonly string[] {
    return [...this.#namespaces.keys()];
  }

  /** Undefined where there is none, or it is none of ours to write in. */
  namespace(name: string): KnownNamespace | undefined {
    const found = this.#namespaces.get(name);
    return found === undefined || found.isTerminating || namespacesWithoutRoots.includes(name)
      ? undefined
      : found;
  }

  entry(namespace: string): KeptEntry | undefined {
    return this.#entries.get(namespace);
  }

  putNamespace({ name, uid, labels, phase }: Namespace): void {
    this.#namespaces.set(name, { uid, labels, isTerminating: phase === 'Terminating' });
  }

  /** False when it was about another namespace of that name. */
  dropNamespace({ name, uid }: ObjectIdentity): boolean {
    if (this.#namespaces.get(name)?.uid !== uid) return false;
    return this.#namespaces.delete(name);
  }

  /** False when a newer state is known. */
  putEntry(entry: KeptEntry): boolean {
    const known = this.#entries.get(entry.namespace);
    if (known?.uid === entry.uid && isOlder(entry.resourceVersion, known.resourceVersion)) {
      return false;
    }
    this.#entries.set(entry.namespace, entry);
    return true;
  }

  /** False when it was about another ConfigMap in that namespace. */
  dropEntry({ namespace = '', uid }: ObjectIdentity): boolean {
    if (this.#entries.get(namespace)?.uid !== uid) return false;
    return this.#entries.delete(namespace);
  }
}
