import type { Labels, ProxyConfigEntry } from './proxy-config.ts';

/** Where a ProxyConfig can stand towards a workload, strongest first. */
export const proxyConfigLevels = ['workload', 'namespace', 'root-namespace'] as const;
export type ProxyConfigLevel = (typeof proxyConfigLevels)[number];

/** A ProxyConfig that was looked at for a level and not used. */
export interface PassedOver {
  readonly entry: ProxyConfigEntry;
  /** Half a sentence. */
  readonly because: string;
  /** It applies to the workload and would be used if the winner were gone. */
  readonly applies: boolean;
}

/** What one level says about one workload. */
export interface LevelVerdict {
  readonly level: ProxyConfigLevel;
  /** The one that counts. If it names no signer, or has a fault, none other of the level steps in. */
  readonly winner: ProxyConfigEntry | undefined;
  readonly losers: readonly PassedOver[];
  /** Why nobody can tell what this level says, though it may say something. */
  readonly fault: string | undefined;
}

/** The ProxyConfigs of one namespace, sorted by scope, each list oldest first. Immutable. */
export interface NamespaceProxyConfigs {
  readonly unselective: readonly ProxyConfigEntry[];
  readonly selective: readonly ProxyConfigEntry[];
  readonly ignored: readonly ProxyConfigEntry[];
  /** Why some of them are not here. */
  readonly fault: string | undefined;
  /** What `selecting` found, by the very labels object; null: none. */
  readonly selected: WeakMap<Labels, ProxyConfigEntry | null>;
}

export const noProxyConfigs: NamespaceProxyConfigs = Object.freeze({
  unselective: Object.freeze([]),
  selective: Object.freeze([]),
  ignored: Object.freeze([]),
  fault: undefined,
  selected: new WeakMap(),
});

/** Istio's order: by creation time, in whole seconds as the API has it, then by name. */
function byAge(one: ProxyConfigEntry, other: ProxyConfigEntry): number {
  if (one.createdAtMs !== other.createdAtMs) return one.createdAtMs - other.createdAtMs;
  return one.name < other.name ? -1 : 1;
}

/** Sorts the ProxyConfigs of one namespace for the questions below. */
export function arrangeProxyConfigs(
  entries: Iterable<ProxyConfigEntry>,
  fault: string | undefined,
): NamespaceProxyConfigs {
  const sorted = [...entries].sort(byAge);
  const ofKind = (kind: ProxyConfigEntry['scope']['kind']): readonly ProxyConfigEntry[] =>
    Object.freeze(sorted.filter((entry) => entry.scope.kind === kind));
  return Object.freeze({
    unselective: ofKind('namespace'),
    selective: ofKind('workloads'),
    ignored: ofKind('nobody'),
    fault,
    selected: new WeakMap(),
  });
}

/** What the ProxyConfigs of the workload's own namespace say that select pods. */
export function workloadLevel(
  configs: NamespaceProxyConfigs,
  podLabels: Labels | undefined,
): LevelVerdict {
  const ignored = configs.ignored.map((entry) => ({
    entry,
    because: 'its selector names no labels, which selects nobody',
    applies: false,
  }));
  const { winner, losers } = oldest(configs.selective, (entry) => unselected(entry, podLabels));
  return { level: 'workload', winner, losers: [...losers, ...ignored], fault: configs.fault };
}

/**
 * The winner of `workloadLevel` alone, for those who ask about many pods. It is remembered for as long
 * as neither the pod nor the ProxyConfigs change: a node agent asks for the same pods again and again.
 */
export function selecting(
  configs: NamespaceProxyConfigs,
  podLabels: Labels,
): ProxyConfigEntry | undefined {
  const { selective, selected } = configs;
  const known = selected.get(podLabels);
  if (known !== undefined) return known ?? undefined;
  const winner = selective.find((entry) => missingLabel(entry, podLabels) === undefined);
  selected.set(podLabels, winner ?? null);
  return winner;
}

/** What the ProxyConfigs of a namespace say that select no pods. */
export function namespaceLevel(
  level: 'namespace' | 'root-namespace',
  configs: NamespaceProxyConfigs,
): LevelVerdict {
  return { level, ...oldest(configs.unselective, () => undefined), fault: configs.fault };
}

/** The oldest that applies wins whole; `passes` says why an entry does not apply. */
function oldest(
  entries: readonly ProxyConfigEntry[],
  passes: (entry: ProxyConfigEntry) => string | undefined,
): Pick<LevelVerdict, 'winner' | 'losers'> {
  let winner: ProxyConfigEntry | undefined;
  const losers: PassedOver[] = [];
  for (const entry of entries) {
    const because = passes(entry);
    if (because !== undefined) losers.push({ entry, because, applies: false });
    else if (winner === undefined) winner = entry;
    else losers.push({ entry, because: `${winner.name} is older`, applies: true });
  }
  return { winner, losers };
}

function unselected(entry: ProxyConfigEntry, podLabels: Labels | undefined): string | undefined {
  if (podLabels === undefined) return 'it selects pods, and no pod is known';
  const missing = missingLabel(entry, podLabels);
  if (missing === undefined) return undefined;
  return `the pod has no label ${missing.join('=')}`;
}

/** A label that the entry asks for and the pod does not carry. */
function missingLabel(
  { scope }: ProxyConfigEntry,
  podLabels: Labels,
): readonly [string, string] | undefined {
  if (scope.kind !== 'workloads') return undefined;
  const { matchLabels } = scope;
  // For a node agent this runs for each of a tenant's pods and each of its ProxyConfigs: no copies.
  for (const key in matchLabels) {
    const value = matchLabels[key] ?? '';
    if (podLabels[key] !== value || !Object.hasOwn(podLabels, key)) return [key, value];
  }
  return undefined;
}
