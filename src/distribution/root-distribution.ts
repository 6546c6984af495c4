import type { Random } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { ConfigMapWrites, KeptEntry, KeptEntryKind } from '../kube/config-map-writes.ts';
import type { Leadership } from '../kube/leader-election.ts';
import type { Namespace } from '../kube/objects.ts';
import type { ResourceSource } from '../kube/resource-source.ts';
import { FlappingDetector } from './flapping-detector.ts';
import { rootBundleOf } from './root-bundle.ts';
import type { RootBundle } from './root-bundle.ts';
import { RootConfigMapReconciler } from './root-config-map-reconciler.ts';
import type { RootsProgress } from './root-config-map-reconciler.ts';
import { WhileLeader } from './while-leader.ts';

export interface RootDistributionOptions {
  readonly leadership: Leadership;
  readonly namespaces: ResourceSource<Namespace>;
  /** Of the ConfigMaps of that name, in all namespaces. */
  readonly entries: (kind: KeptEntryKind) => ResourceSource<KeptEntry>;
  readonly writes: ConfigMapWrites;
  /** Such as `istio-ca-root-cert`. */
  readonly configMapName: string;
  /** The roots for every namespace, PEM; undefined while they are not known. */
  readonly bundlePem: () => string | undefined;
  /** Whether the mesh's discoverySelectors choose a namespace with these labels. */
  readonly selects: (labels: Readonly<Record<string, string>>) => boolean;
  /** Another value whenever `selects` may answer otherwise than before. */
  readonly selectionVersion: () => unknown;
  /** 100 where absent: 5,000 namespaces in less than a minute. */
  readonly writesPerSecond?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** What can be told of the distribution; `progress` is undefined while another replica leads. */
export interface RootDistributionStatus {
  readonly progress: (RootsProgress & { readonly pending: number }) | undefined;
  /** How often another writer was found that will not let our roots stand; it only grows. */
  readonly flapping: number;
  /** Undefined while all is well, or another replica leads. */
  readonly lastError: unknown;
}

/** The key that istiod's proxies look for. */
const key = 'root-cert.pem';
/** By which istiod knows what it need not serve as configuration. */
const labels = { 'istio.io/config': 'true' };
const lookEveryMs = 1000;
const flappingOptions = { tolerated: 5, withinMs: 600_000, slowToMs: 60_000 };

/**
 * Keeps a ConfigMap with the roots that clients need in every namespace that is selected, but for a few of
 * Kubernetes' own, while this replica leads: made, corrected, and taken away where a namespace is not selected
 * any more and it was we who wrote it. Other entries of the ConfigMap stay. Begins when it is made.
 *
 * Divergence: istiod leaves its ConfigMap behind in a namespace that is selected no more.
 */
export class RootDistribution implements Stoppable {
  readonly #options: RootDistributionOptions;
  readonly #flapping = new FlappingDetector(flappingOptions);
  readonly #reconciler: WhileLeader<RootConfigMapReconciler>;
  #bundle: RootBundle | undefined;
  #selectionVersion: unknown;
  #saidWhyNot = false;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: RootDistributionOptions) {
    this.#options = options;
    this.#look();
    this.#reconciler = new WhileLeader(options.leadership, () => this.#newReconciler());
    this.#lookAgainLater();
  }

  /** Looks at once whether the roots or the selection have changed; otherwise once a second. */
  refresh(): void {
    if (this.#look()) this.#reconciler.current?.refresh();
  }

  status(): RootDistributionStatus {
    const reconciler = this.#reconciler.current;
    const progress = reconciler?.progress();
    return {
      progress: progress && { ...progress, pending: progress.namespaces - progress.right },
      flapping: this.#flapping.detected,
      lastError: reconciler?.lastError,
    };
  }

  /** No write is begun after the call; those on their way are given up. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#reconciler.stop();
  }

  #lookAgainLater(): void {
    this.#timer = this.#options.clock.timer(lookEveryMs, () => {
      if (this.#isStopped) return;
      this.refresh();
      this.#lookAgainLater();
    });
  }

  /** True when something has changed. */
  #look(): boolean {
    const pem = this.#options.bundlePem();
    const selectionVersion = this.#options.selectionVersion();
    const isSame = pem === this.#bundle?.pem && selectionVersion === this.#selectionVersion;
    this.#selectionVersion = selectionVersion;
    if (pem !== this.#bundle?.pem) this.#bundle = pem === undefined ? undefined : rootBundleOf(pem);
    this.#sayWhyNot();
    return !isSame;
  }

  #sayWhyNot(): void {
    const isKnown = this.#bundle !== undefined;
    if (isKnown === !this.#saidWhyNot) return;
    this.#saidWhyNot = !isKnown;
    const { log, configMapName: configMap } = this.#options;
    if (isKnown) log.info('the roots for clients are known now', { configMap });
    else log.warn('no roots are written for clients, since none is known yet', { configMap });
  }

  #newReconciler(): RootConfigMapReconciler {
    const { leadership, entries, configMapName, selects, writesPerSecond = 100 } = this.#options;
    const kind = { name: configMapName, key, labels };
    const reconciler = new RootConfigMapReconciler({
      ...this.#options,
      kind,
      entries: entries(kind),
      wanted: () => ({ bundle: this.#bundle, selects }),
      mayWrite: () => leadership.isLeader,
      flapping: this.#flapping,
      writesPerSecond,
    });
    reconciler.start();
    return reconciler;
  }
}
