import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { callWithin } from '../base/deadline.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { ConfigMapWrites, KeptEntry, KeptEntryKind } from '../kube/config-map-writes.ts';
import type { Namespace } from '../kube/objects.ts';
import type { ResourceSource } from '../kube/resource-source.ts';
import type { ObjectIdentity } from '../kube/resource-versions.ts';
import type { FlappingDetector } from './flapping-detector.ts';
import { TrackedNamespaces } from './tracked-namespaces.ts';
import { KeyedWorkQueue } from './keyed-work-queue.ts';
import type { WorkOutcome } from './keyed-work-queue.ts';
import type { NamespaceHandlers } from './namespace-watches.ts';
import { NamespaceWatches } from './namespace-watches.ts';
import { holdsBundle } from './root-bundle.ts';
import type { RootBundle } from './root-bundle.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import { WriteRefusals } from './write-refusals.ts';

/** What is to stand where, as it is now. */
export interface WantedRoots {
  /** Undefined while it is not known: then nothing is written, and nothing taken away. */
  readonly bundle: RootBundle | undefined;
  readonly selects: (labels: Readonly<Record<string, string>>) => boolean;
}

export interface RootConfigMapReconcilerOptions {
  readonly kind: KeptEntryKind;
  readonly namespaces: ResourceSource<Namespace>;
  readonly entries: ResourceSource<KeptEntry>;
  readonly writes: ConfigMapWrites;
  readonly wanted: () => WantedRoots;
  /** Asked before each write. */
  readonly mayWrite: () => boolean;
  readonly flapping: FlappingDetector;
  readonly writesPerSecond: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** How far the roots have come. */
export interface RootsProgress {
  /** Namespaces that are to have them. */
  readonly namespaces: number;
  /** Of these, those that do. */
  readonly right: number;
}

/** A sixth of the 48 connections that certificate requests share with us: most are left to them. */
const concurrency = 8;
const burst = 10;
const maxNamespaces = 100_000;
const callMs = 10_000;
const backoff = { firstMs: 500, maxMs: 30_000 };
const done: WorkOutcome = { againInMs: undefined };

/**
 * Keeps one bundle of roots in a ConfigMap of every namespace that is to have it, and takes away what
 * we wrote where it is not: for as long as this replica leads.
 */
export class RootConfigMapReconciler implements Stoppable {
  readonly #options: RootConfigMapReconcilerOptions;
  readonly #known = new TrackedNamespaces();
  readonly #bucket: TokenBucket;
  readonly #queue: KeyedWorkQueue;
  readonly #refusals: WriteRefusals;
  readonly #watches: NamespaceWatches;
  #lastError: unknown;
  #hasNamedWriter = false;

  constructor(options: RootConfigMapReconcilerOptions) {
    const { clock, random, log, writesPerSecond, namespaces, entries } = options;
    this.#options = options;
    this.#bucket = new TokenBucket({ perSecond: writesPerSecond, burst }, clock);
    this.#refusals = new WriteRefusals(log);
    this.#queue = new KeyedWorkQueue({
      work: (namespace, signal) => this.#keep(namespace, signal),
      onFailure: (namespace, error) => {
        this.#noteFailure(namespace, error);
      },
      concurrency,
      maxKeys: maxNamespaces,
      backoff,
      clock,
      random,
    });
    const maxTracked = maxNamespaces;
    const handlers = this.#handlers();
    this.#watches = new NamespaceWatches({
      namespaces,
      entries,
      handlers,
      maxTracked,
      clock,
      random,
      log,
    });
  }

  /** What went wrong last; undefined once a write has worked again. */
  get lastError(): unknown {
    return this.#lastError ?? this.#watches.lastError;
  }

  start(): void {
    this.#watches.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#queue.stop(), this.#watches.stop()]);
  }

  /** Looks at every namespace again: bundle or selection have changed. */
  refresh(): void {
    for (const name of this.#known.names()) this.#add(name);
  }

  progress(): RootsProgress {
    const { bundle, selects } = this.#options.wanted();
    let namespaces = 0;
    let right = 0;
    for (const name of this.#known.names()) {
      const found = this.#known.namespace(name);
      if (found === undefined || !selects(found.labels)) continue;
      namespaces += 1;
      if (bundle !== undefined && holdsBundle(this.#known.entry(name), bundle)) right += 1;
    }
    return { namespaces, right };
  }

  #handlers(): NamespaceHandlers {
    return {
      onNamespace: (namespace) => {
        this.#known.putNamespace(namespace);
        this.#add(namespace.name);
      },
      onNamespaceGone: (namespace) => {
        this.#dropNamespace(namespace);
      },
      onEntry: (entry) => {
        this.#putEntry(entry);
      },
      onEntryGone: (entry) => {
        this.#dropEntry(entry);
      },
      onSynced: () => {
        this.refresh();
      },
    };
  }

  /** Before both lists are read nobody knows what is right already. */
  #add(name: string): void {
    if (!this.#watches.synced) return;
    if (this.#queue.add(name)) return;
    this.#lastError = new Error(`there are more than ${maxNamespaces} namespaces`);
  }

  #dropNamespace(namespace: ObjectIdentity): void {
    if (!this.#known.dropNamespace(namespace)) return;
    this.#queue.forget(namespace.name);
    this.#options.flapping.forget(namespace.name);
  }

  #putEntry(entry: KeptEntry): void {
    const wasRight = this.#isRight(entry.namespace);
    if (!this.#known.putEntry(entry)) return;
    if (wasRight && !this.#isRight(entry.namespace)) {
      this.#noteOtherWriter(entry.namespace, entry.otherManager ?? 'another istio-ra, perhaps');
    }
    this.#add(entry.namespace);
  }

  #dropEntry(entry: ObjectIdentity): void {
    const namespace = entry.namespace ?? '';
    const wasRight = this.#isRight(namespace);
    if (!this.#known.dropEntry(entry)) return;
    if (wasRight) this.#noteOtherWriter(namespace, 'unknown, since it deletes the ConfigMap');
    this.#add(namespace);
  }

  #isRight(namespace: string): boolean {
    const { bundle } = this.#options.wanted();
    const isKept = this.#wants(namespace) === true && bundle !== undefined;
    return isKept && holdsBundle(this.#known.entry(namespace), bundle);
  }

  /** Undefined where there is nothing for us to do or undo. */
  #wants(namespace: string): boolean | undefined {
    const found = this.#known.namespace(namespace);
    return found === undefined ? undefined : this.#options.wanted().selects(found.labels);
  }

  #noteOtherWriter(namespace: string, manager: string): void {
    const { flapping, clock, log, kind } = this.#options;
    const begins = flapping.note(namespace, clock.monotonic());
    if (!begins || this.#hasNamedWriter) return;
    this.#hasNamedWriter = true;
    log.warn(
      'somebody else keeps writing other roots, which are now corrected once a minute: where it is ' +
        'istiod, set ENABLE_CA_SERVER=false there',
      { namespace, configMap: kind.name, manager },
    );
  }

  async #keep(namespace: string, signal: AbortSignal): Promise<WorkOutcome> {
    try {
      switch (this.#wants(namespace)) {
        case undefined:
          return done;
        case true:
          return await this.#correct(namespace, signal);
        case false:
          return await this.#takeAway(namespace, signal);
      }
    } catch (error) {
      const outcome = signal.aborted ? undefined : this.#refusals.outcomeOf(namespace, error);
      if (outcome === undefined) throw error;
      this.#lastError = error;
      return outcome;
    }
  }

  async #correct(namespace: string, signal: AbortSignal): Promise<WorkOutcome> {
    const { writes, kind, wanted, flapping, clock } = this.#options;
    if (wanted().bundle === undefined || this.#isRight(namespace)) return done;
    const holdMs = flapping.holdMs(namespace, clock.monotonic());
    if (holdMs > 0) return { againInMs: holdMs };
    if (!(await this.#turn(signal))) return { againInMs: 1000 };
    // Taken now: it may have changed while we waited for our turn.
    const { bundle } = wanted();
    if (bundle === undefined || this.#wants(namespace) !== true) return { againInMs: 0 };
    const entry = { namespace, text: bundle.pem };
    await this.#limited(signal, (limited) => writes.applyEntry(kind, entry, limited));
    this.#noteSuccess();
    return done;
  }

  async #takeAway(namespace: string, signal: AbortSignal): Promise<WorkOutcome> {
    const { writes, kind, wanted } = this.#options;
    if (wanted().bundle === undefined) return done;
    if (this.#known.entry(namespace)?.isOurs !== true) return done;
    if (!(await this.#turn(signal))) return { againInMs: 1000 };
    const entry = this.#known.entry(namespace);
    if (entry?.isOurs !== true || this.#wants(namespace) !== false) return { againInMs: 0 };
    await this.#limited(signal, (limited) => writes.removeEntry(kind, entry, limited));
    this.#noteSuccess();
    return done;
  }

  /** False where another leads meanwhile. */
  async #turn(signal: AbortSignal): Promise<boolean> {
    await this.#bucket.takeInOrder(signal);
    return this.#options.mayWrite();
  }

  #limited<T>(parent: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const reason = (): Error => new Error(`no answer to a write within ${callMs} ms`);
    return callWithin({ clock: this.#options.clock, ms: callMs, reason, parent }, call);
  }

  #noteSuccess(): void {
    if (this.#lastError === undefined) return;
    this.#lastError = undefined;
    this.#options.log.info('roots are written again');
  }

  /** One line for each outage, not one for each namespace. */
  #noteFailure(namespace: string, error: unknown): void {
    const { log } = this.#options;
    const level = this.#lastError === undefined ? 'warn' : 'debug';
    this.#lastError = error;
    log[level]('the roots could not be written and will be again', { namespace, error });
  }
}
