import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { AssignmentInputs, AssignmentInputSource } from '../authz/assignment-inputs.ts';
import type { Clock } from '../base/clock.ts';
import { assignedSigner } from './assigned-signer.ts';
import type { AssignedSigner } from './assigned-signer.ts';
import { neverSeen } from './seen-identities.ts';
import type { SeenIdentities, SeenIdentity } from './seen-identities.ts';
import { trustLinks } from './trust-links.ts';
import type { TrustLinks } from './trust-links.ts';
import { rootSummary } from './root-summary.ts';
import type { RootSummary } from './root-summary.ts';

export interface SignerOnMap {
  readonly name: string;
  readonly roots: readonly RootSummary[];
  /** Namespaces, and identities that asked, to which it is assigned now. */
  readonly namespaces: number;
  readonly identities: number;
}

export interface NamespaceOnMap {
  readonly name: string;
  /** What its identities that asked get now; of its account `default` where none did. */
  readonly signers: readonly string[];
  /** What assigns them, in words. */
  readonly sources: readonly string[];
  /** Reasons for which some of them would get nothing. */
  readonly refusals: readonly string[];
  /** How many asked, and how many of them hold a living certificate of another signer than now. */
  readonly identities: number;
  readonly outdated: number;
  /** ProxyConfigs here select pods, so that single pods may get something else. */
  readonly dependsOnPods: boolean;
}

/** Who gets which signer, and whose workloads accept whose. */
export interface TrustMapView extends TrustLinks {
  readonly trustDomain: string;
  readonly meshGeneration: number;
  /** Milliseconds since the Unix epoch. */
  readonly takenAt: number;
  readonly signers: readonly SignerOnMap[];
  readonly namespaces: readonly NamespaceOnMap[];
  /** How many namespaces there are, listed or not. */
  readonly namespaceCount: number;
  readonly identityCount: number;
}

export interface TrustMapOptions {
  readonly inputSource: AssignmentInputSource;
  readonly seen: SeenIdentities;
  /** The id of the local cluster. */
  readonly cluster: string;
  /** Namespaces that are known to exist, beside those that somebody asked from. */
  readonly namespaces?: (() => readonly string[]) | undefined;
  readonly clock: Clock;
}

interface Kept {
  readonly view: TrustMapView;
  readonly inputs: AssignmentInputs;
  readonly generation: number;
  /** Monotonic milliseconds. */
  readonly takenAt: number;
  readonly tookMs: number;
}

const maxNamespaces = 5_000;
/** After so many workloads it lets requests have their turn. */
const workloadsPerSlice = 100;
/** Labels of namespaces may change without a sign. */
const maxKeptMs = 30_000;
const minKeptMs = 500;
/** It is drawn anew for at most a tenth of the time. */
const restPerWork = 10;

/** The map as it is now, drawn when somebody looks, by the code that decides on requests. */
export class TrustMap {
  readonly #options: TrustMapOptions;
  #kept: Kept | undefined;
  #drawing: Promise<TrustMapView> | undefined;

  constructor(options: TrustMapOptions) {
    this.#options = options;
  }

  /** At most half a minute old. Throws RaError NOT_READY before the configuration was read. */
  async view(): Promise<TrustMapView> {
    if (this.#drawing !== undefined) return this.#drawing;
    const inputs = this.#options.inputSource.current();
    if (this.#kept !== undefined && this.#isFresh(this.#kept, inputs)) return this.#kept.view;
    this.#drawing = this.#draw(inputs).finally(() => {
      this.#drawing = undefined;
    });
    return this.#drawing;
  }

  #isFresh({ inputs, generation, takenAt, tookMs }: Kept, now: AssignmentInputs): boolean {
    const age = this.#options.clock.monotonic() - takenAt;
    if (age < Math.max(minKeptMs, tookMs * restPerWork)) return true;
    const same = (['policy', 'proxyConfigs', 'mesh'] as const).every(
      (part) => inputs[part] === now[part],
    );
    return same && generation === this.#options.seen.generation && age < maxKeptMs;
  }

  async #draw(inputs: AssignmentInputs): Promise<TrustMapView> {
    const { clock, seen } = this.#options;
    const begun = clock.monotonic();
    const { generation } = seen;
    const byNamespace = this.#workloads(inputs);
    const names = [...byNamespace.keys()].sort();
    const tallies: Tally[] = [];
    let sinceYield = 0;
    for (const name of names.slice(0, maxNamespaces)) {
      const tally = new Tally(name);
      tallies.push(tally);
      for (const identity of byNamespace.get(name) ?? []) {
        tally.add(identity, this.#assigned(identity, inputs), clock.now());
        sinceYield = (sinceYield + 1) % workloadsPerSlice;
        if (sinceYield === 0) await yieldToEventLoop();
      }
    }
    const view: TrustMapView = {
      trustDomain: inputs.mesh.config.trustDomain,
      meshGeneration: inputs.mesh.generation,
      takenAt: clock.now(),
      signers: signersOf(inputs, tallies),
      namespaces: tallies.map((tally) => tally.describe(inputs)),
      namespaceCount: names.length,
      identityCount: seen.size,
      ...trustLinks(inputs),
    };
    const takenAt = clock.monotonic();
    this.#kept = { view, inputs, generation, takenAt, tookMs: takenAt - begun };
    return view;
  }

  #assigned(identity: SeenIdentity, inputs: AssignmentInputs): AssignedSigner {
    const { namespace, serviceAccount, cluster = this.#options.cluster } = identity;
    return assignedSigner({ namespace, serviceAccount, cluster }, inputs);
  }

  /** Who asked, by namespace, with the account `default` for namespaces from which nobody did. */
  #workloads({
    proxyConfigs,
    policy,
  }: AssignmentInputs): ReadonlyMap<string, readonly SeenIdentity[]> {
    const { seen, namespaces } = this.#options;
    const workloads = new Map<string, SeenIdentity[]>();
    for (const identity of seen.all()) {
      const others = workloads.get(identity.namespace);
      if (others === undefined) workloads.set(identity.namespace, [identity]);
      else others.push(identity);
    }
    const named = policy.rules.flatMap(({ match }) => match.namespaces ?? []);
    for (const name of [...proxyConfigs.namespaces, ...named, ...(namespaces?.() ?? [])]) {
      if (!workloads.has(name))
        workloads.set(name, [neverSeen({ namespace: name, serviceAccount: 'default' })]);
    }
    return workloads;
  }
}

function signersOf({ mesh }: AssignmentInputs, tallies: readonly Tally[]): readonly SignerOnMap[] {
  const counts = new Map<string, { namespaces: number; identities: number }>();
  for (const { granted } of tallies) {
    for (const [signer, identities] of granted) {
      const count = counts.get(signer) ?? { namespaces: 0, identities: 0 };
      counts.set(signer, count);
      count.namespaces += 1;
      count.identities += identities;
    }
  }
  return mesh.trust.signerNames.map((name) => ({
    name,
    roots: mesh.trust.rootsSentFor(name).map(rootSummary),
    ...(counts.get(name) ?? { namespaces: 0, identities: 0 }),
  }));
}

/** One namespace while its identities are counted. */
class Tally {
  readonly name: string;
  /** Identities that asked, by the signer that they get now. */
  readonly granted = new Map<string, number>();
  readonly #sources = new Set<string>();
  readonly #refusals = new Set<string>();
  #identities = 0;
  #outdated = 0;

  constructor(name: string) {
    this.name = name;
  }

  add(identity: SeenIdentity, assigned: AssignedSigner, now: number): void {
    const asked = identity.issued + identity.refused > 0 ? 1 : 0;
    this.#identities += asked;
    if (assigned.kind === 'refused') {
      this.#refusals.add(assigned.reason);
      return;
    }
    const { signer, source } = assigned;
    this.granted.set(signer, (this.granted.get(signer) ?? 0) + asked);
    this.#sources.add(source);
    const { issuedBy, notAfter = 0 } = identity;
    if (issuedBy !== undefined && issuedBy !== signer && notAfter > now) this.#outdated += 1;
  }

  describe({ proxyConfigs }: AssignmentInputs): NamespaceOnMap {
    return {
      name: this.name,
      signers: [...this.granted.keys()],
      sources: [...this.#sources],
      refusals: [...this.#refusals],
      identities: this.#identities,
      outdated: this.#outdated,
      dependsOnPods: proxyConfigs.selectPodsOf(this.name),
    };
  }
}
