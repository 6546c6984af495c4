import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../../src/base/clock.ts';
import { KubeApiError } from '../../src/kube/api-error.ts';
import type {
  ConfigMapWrites,
  KeptEntry,
  KeptEntryKind,
} from '../../src/kube/config-map-writes.ts';
import type { Namespace } from '../../src/kube/objects.ts';
import { LiveSource } from './live-source.ts';

export function aWriteRefusal(status: number | undefined, reason: string, message = reason): Error {
  const call = { verb: 'patch', resource: 'configmaps' };
  return new KubeApiError(message, { status, reason, ...call });
}

/** Namespaces with one ConfigMap each at most, whose texts are kept here alone. */
export class FakeConfigMaps implements ConfigMapWrites {
  readonly namespaces: LiveSource<Namespace>;
  readonly entries: LiveSource<KeptEntry>;
  readonly texts = new Map<string, string>();
  /** In order, as `apply <namespace>` and `remove <namespace>`; those that failed too. */
  readonly calls: string[] = [];
  /** Thrown instead of writing in that namespace; `*` for all of them. */
  readonly errors = new Map<string, Error>();
  /** Called after each apply, as a controller of somebody else's would be. */
  onApplied: (namespace: string) => void = () => undefined;
  #versions = 0;

  constructor(clock: Clock) {
    this.namespaces = new LiveSource('namespaces', clock, () => this.#version());
    this.entries = new LiveSource('configmaps', clock, () => this.#version());
  }

  namespace(name: string, labels: Readonly<Record<string, string>> = {}, phase = 'Active'): void {
    const known = this.namespaces.find((namespace) => namespace.name === name);
    const uid = known?.uid ?? randomUUID();
    this.namespaces.put({ name, uid, labels, annotations: {}, phase });
  }

  deleteNamespace(name: string): void {
    this.deleteEntry(name);
    const known = this.namespaces.find((namespace) => namespace.name === name);
    if (known !== undefined) this.namespaces.remove(known);
  }

  /** The ConfigMap as somebody else writes it. */
  edit(namespace: string, text: string, change: Partial<KeptEntry> = {}): void {
    this.#put(namespace, text, { isOurs: false, otherManager: 'pilot-discovery', ...change });
  }

  deleteEntry(namespace: string): void {
    this.texts.delete(namespace);
    const entry = this.entry(namespace);
    if (entry !== undefined) this.entries.remove(entry);
  }

  entry(namespace: string): KeptEntry | undefined {
    return this.entries.find((entry) => entry.namespace === namespace);
  }

  // Async, so that a refusal is a rejection.
  async applyEntry(
    _kind: KeptEntryKind,
    { namespace, text }: { readonly namespace: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<void> {
    this.#begin(`apply ${namespace}`, namespace, signal);
    this.#put(namespace, text, { isOurs: true, otherManager: undefined, isLabelled: true });
    await Promise.resolve();
    this.onApplied(namespace);
  }

  async removeEntry(_kind: KeptEntryKind, seen: KeptEntry, signal: AbortSignal): Promise<void> {
    this.#begin(`remove ${seen.namespace}`, seen.namespace, signal);
    if (this.entry(seen.namespace)?.resourceVersion !== seen.resourceVersion) {
      throw aWriteRefusal(409, 'Conflict');
    }
    this.deleteEntry(seen.namespace);
    await Promise.resolve();
  }

  #begin(call: string, namespace: string, signal: AbortSignal): void {
    signal.throwIfAborted();
    this.calls.push(call);
    const error = this.errors.get(namespace) ?? this.errors.get('*');
    if (error !== undefined) throw error;
  }

  #put(namespace: string, text: string, change: Partial<KeptEntry>): void {
    const known = this.entry(namespace);
    this.texts.set(namespace, text);
    this.entries.put({
      name: 'istio-ca-root-cert',
      namespace,
      uid: known?.uid ?? randomUUID(),
      isLabelled: true,
      isAlone: true,
      isOurs: false,
      otherManager: undefined,
      ...change,
      sha256: createHash('sha256').update(text).digest('hex'),
    });
  }

  #version(): string {
    this.#versions += 1;
    return String(this.#versions);
  }
}
