import type { Labels, ProxyConfigEntry } from './proxy-config.ts';
import {
  arrangeProxyConfigs,
  namespaceLevel,
  noProxyConfigs,
  selecting,
  workloadLevel,
} from './proxy-config-levels.ts';
import type { LevelVerdict, NamespaceProxyConfigs } from './proxy-config-levels.ts';

/** Enough for any namespace that is not meant as an attack; over it, that namespace alone suffers. */
const defaultMaxPerNamespace = 256;
const defaultMaxInAll = 100_000;

export interface ProxyConfigIndexOptions {
  readonly maxPerNamespace?: number;
  readonly maxInAll?: number;
}

/** All ProxyConfigs as they were at one moment. Immutable. */
export class ProxyConfigSnapshot {
  readonly #byNamespace: ReadonlyMap<string, NamespaceProxyConfigs>;

  constructor(byNamespace: ReadonlyMap<string, NamespaceProxyConfigs>) {
    this.#byNamespace = byNamespace;
  }

  /** Those that hold any. */
  get namespaces(): readonly string[] {
    return [...this.#byNamespace.keys()];
  }

  /** What those of `namespace` say that select a pod with these labels; undefined: no pod is known. */
  workloadLevel(namespace: string, podLabels: Labels | undefined): LevelVerdict {
    return workloadLevel(this.#in(namespace), podLabels);
  }

  /** Whether any of them asks for a pod's labels, or might: then the pod must be known. */
  selectPodsOf(namespace: string): boolean {
    const { selective, fault } = this.#in(namespace);
    return selective.length > 0 || fault !== undefined;
  }

  /** The one that wins the workload level for a pod with these labels. */
  selecting(namespace: string, podLabels: Labels): ProxyConfigEntry | undefined {
    return selecting(this.#in(namespace), podLabels);
  }

  /**
   * What those of `namespace` without a selector say. Nothing for the root namespace: there they are
   * the root namespace level, and count once.
   */
  namespaceLevel(namespace: string, rootNamespace: string): LevelVerdict {
    const configs = namespace === rootNamespace ? noProxyConfigs : this.#in(namespace);
    return namespaceLevel('namespace', configs);
  }

  /** What those of the root namespace without a selector say to the whole mesh. */
  rootNamespaceLevel(rootNamespace: string): LevelVerdict {
    return namespaceLevel('root-namespace', this.#in(rootNamespace));
  }

  #in(namespace: string): NamespaceProxyConfigs {
    return this.#byNamespace.get(namespace) ?? noProxyConfigs;
  }
}

export const noProxyConfigSnapshot = new ProxyConfigSnapshot(new Map());

/** One namespace while it changes; what readers get of it is made anew when they ask. */
class Bucket {
  readonly byName = new Map<string, ProxyConfigEntry>();
  overfull = false;
  #arranged: NamespaceProxyConfigs | undefined;

  changed(): void {
    this.#arranged = undefined;
  }

  arranged(): NamespaceProxyConfigs {
    const fault = this.overfull ? 'the namespace has more ProxyConfigs than are kept' : undefined;
    return (this.#arranged ??= arrangeProxyConfigs(this.byName.values(), fault));
  }
}

/**
 * Istio's ProxyConfigs, kept up to date by a watch. A namespace that holds too many of them is
 * marked: its workloads get nothing from then on, until a restart, and no other's are touched.
 */
export class ProxyConfigIndex {
  readonly #maxPerNamespace: number;
  readonly #maxInAll: number;
  readonly #buckets = new Map<string, Bucket>();
  #held = 0;
  #snapshot: ProxyConfigSnapshot | undefined;

  constructor(options: ProxyConfigIndexOptions = {}) {
    this.#maxPerNamespace = options.maxPerNamespace ?? defaultMaxPerNamespace;
    this.#maxInAll = options.maxInAll ?? defaultMaxInAll;
  }

  /** All of them as they are now. Take one snapshot per decision. */
  current(): ProxyConfigSnapshot {
    this.#snapshot ??= new ProxyConfigSnapshot(
      new Map([...this.#buckets].map(([namespace, bucket]) => [namespace, bucket.arranged()])),
    );
    return this.#snapshot;
  }

  /** How many are kept. */
  get size(): number {
    return this.#held;
  }

  /** The namespaces that hold more than are kept. */
  get overfullNamespaces(): readonly string[] {
    return [...this.#buckets].filter(([, { overfull }]) => overfull).map(([name]) => name);
  }

  put(entry: ProxyConfigEntry): void {
    const bucket = this.#buckets.get(entry.namespace) ?? new Bucket();
    this.#buckets.set(entry.namespace, bucket);
    const known = bucket.byName.has(entry.name);
    const full = bucket.byName.size >= this.#maxPerNamespace || this.#held >= this.#maxInAll;
    if (!known && full) bucket.overfull = true;
    else bucket.byName.set(entry.name, entry);
    if (!known && !full) this.#held += 1;
    this.#changed(bucket);
  }

  /** A late word about an object that another has followed under the same name changes nothing. */
  gone({ namespace, name, uid }: Pick<ProxyConfigEntry, 'namespace' | 'name' | 'uid'>): void {
    const bucket = this.#buckets.get(namespace);
    if (bucket?.byName.get(name)?.uid !== uid) return;
    bucket.byName.delete(name);
    this.#held -= 1;
    if (bucket.byName.size === 0 && !bucket.overfull) this.#buckets.delete(namespace);
    this.#changed(bucket);
  }

  #changed(bucket: Bucket): void {
    bucket.changed();
    this.#snapshot = undefined;
  }
}
