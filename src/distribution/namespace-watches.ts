import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { KeptEntry } from '../kube/config-map-writes.ts';
import type { Namespace } from '../kube/objects.ts';
import type { ResourceSource } from '../kube/resource-source.ts';
import type { ObjectIdentity } from '../kube/resource-versions.ts';
import { SupervisedWatch } from '../kube/supervised-watch.ts';

/** What is told of namespaces, and of the ConfigMap that is kept in each. */
export interface NamespaceHandlers {
  onNamespace(namespace: Namespace): void;
  onNamespaceGone(namespace: ObjectIdentity): void;
  onEntry(entry: KeptEntry): void;
  onEntryGone(entry: ObjectIdentity): void;
  /** Everything of one kind has been told. */
  onSynced(): void;
}

export interface NamespaceWatchesOptions {
  readonly namespaces: ResourceSource<Namespace>;
  readonly entries: ResourceSource<KeptEntry>;
  readonly handlers: NamespaceHandlers;
  /** More are not noticed when they vanish while nobody watches. */
  readonly maxTracked: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The two watches that the distribution of roots follows. */
export class NamespaceWatches implements Stoppable {
  readonly #watches: readonly [SupervisedWatch<Namespace>, SupervisedWatch<KeptEntry>];

  constructor({ namespaces, entries, handlers, ...common }: NamespaceWatchesOptions) {
    const onSynced = (): void => {
      handlers.onSynced();
    };
    const ofNamespaces = new SupervisedWatch<Namespace>({
      ...common,
      source: namespaces,
      identify: (namespace) => namespace,
      handlers: {
        onPut: (namespace) => {
          handlers.onNamespace(namespace);
        },
        onGone: (namespace) => {
          handlers.onNamespaceGone(namespace);
        },
        onSynced,
      },
    });
    const ofEntries = new SupervisedWatch<KeptEntry>({
      ...common,
      source: entries,
      identify: (entry) => entry,
      handlers: {
        onPut: (entry) => {
          handlers.onEntry(entry);
        },
        onGone: (entry) => {
          handlers.onEntryGone(entry);
        },
        onSynced,
      },
    });
    this.#watches = [ofNamespaces, ofEntries];
  }

  /** Whether both kinds have been told once. */
  get synced(): boolean {
    return this.#watches.every(({ synced }) => synced);
  }

  /** What keeps a watch from working now. */
  get lastError(): unknown {
    return this.#watches.find(({ lastError }) => lastError !== undefined)?.lastError;
  }

  start(): void {
    for (const watch of this.#watches) watch.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.stop()));
  }
}
