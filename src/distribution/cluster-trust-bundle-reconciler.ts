import type { Random } from '../base/backoff.ts';
import { fullJitterMs } from '../base/backoff.ts';
import { BackgroundLoop } from '../base/background-loop.ts';
import type { Clock } from '../base/clock.ts';
import { callWithin } from '../base/deadline.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { isConflict, isForbidden, isNotFound } from '../kube/api-error.ts';
import type {
  ClusterTrustBundle,
  ClusterTrustBundleDraft,
  ClusterTrustBundles,
} from '../kube/cluster-trust-bundles.ts';
import { managedByLabel, managedByValue, managedSelector } from '../kube/labels.ts';
import type { TrustBundle } from '../mesh/trust-bundle.ts';

export interface ClusterTrustBundleReconcilerOptions {
  readonly bundles: ClusterTrustBundles;
  /** Each signer's roots now; undefined while they are not known. */
  readonly trust: () => TrustBundle | undefined;
  /** Asked before each write. */
  readonly mayWrite: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** How far the ClusterTrustBundles have come. */
export interface TrustBundlesProgress {
  /** False where the API server has none; undefined until it was asked. */
  readonly isServed: boolean | undefined;
  /** Signers with roots, at the last look. */
  readonly signers: number;
  /** Of these, those whose bundle is right. */
  readonly right: number;
}

/** Ends the names of ours: the API asks for the signer's name before it. */
const nameEnd = ':istio-ra';
const labels = { [managedByLabel]: managedByValue };
const lookEveryMs = 1_000;
/** Others may edit what is ours, and nobody tells us. */
const correctEveryMs = 60_000;
/** A switch of the API server that is only turned with a restart of it. */
const askAgainMs = 600_000;
const callMs = 10_000;
const backoff = { firstMs: 2_000, maxMs: 60_000 };

/** Keeps one ClusterTrustBundle for each signer that has roots: for as long as this replica leads. */
export class ClusterTrustBundleReconciler implements Stoppable {
  readonly #options: ClusterTrustBundleReconcilerOptions;
  readonly #loop: BackgroundLoop;
  readonly #refused = new Set<string>();
  #done: TrustBundle | undefined;
  #lookAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #isServed: boolean | undefined;
  #signers = 0;
  #right = 0;
  #lastError: unknown;

  constructor(options: ClusterTrustBundleReconcilerOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop({
      turn: async (signal) => {
        await this.#turn(signal);
        return lookEveryMs;
      },
      stopReason: 'the ClusterTrustBundles are left as they are',
      clock: options.clock,
    });
  }

  /** What went wrong in the newest look; undefined when nothing did. */
  get lastError(): unknown {
    return this.#lastError;
  }

  progress(): TrustBundlesProgress {
    return { isServed: this.#isServed, signers: this.#signers, right: this.#right };
  }

  /** Begins; a second call does nothing. */
  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** A look where one is due: after a change, a while after the last one, and after a failure. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { clock, trust, mayWrite } = this.#options;
    const wanted = trust();
    if (wanted === undefined || !this.#isDue(wanted) || !mayWrite()) return;
    try {
      this.#lastError = undefined;
      const isServed = await this.#checkServed(signal);
      if (isServed) await this.#keep(wanted, signal);
      this.#done = wanted;
      this.#failures = 0;
      this.#lookAt = clock.monotonic() + (isServed ? correctEveryMs : askAgainMs);
    } catch (error) {
      if (!signal.aborted) this.#noteFailure(error);
    }
  }

  #isDue(wanted: TrustBundle): boolean {
    const isQuiet = this.#failures > 0 || this.#isServed === false;
    return (wanted !== this.#done && !isQuiet) || this.#options.clock.monotonic() >= this.#lookAt;
  }

  /** One line for each outage, not one for each try. */
  #noteFailure(error: unknown): void {
    const { clock, random, log } = this.#options;
    const waitMs = backoff.firstMs / 2 + fullJitterMs(this.#failures, backoff, random);
    const level = this.#failures === 0 ? 'warn' : 'debug';
    this.#failures += 1;
    this.#lastError = error;
    this.#lookAt = clock.monotonic() + waitMs;
    // The resource may have been switched off.
    if (isNotFound(error)) this.#isServed = undefined;
    log[level]('the ClusterTrustBundles could not be kept and will be again', { error });
  }

  async #checkServed(signal: AbortSignal): Promise<boolean> {
    if (this.#isServed === true) return true;
    const { bundles, log } = this.#options;
    const before = this.#isServed;
    this.#isServed = await this.#limited(signal, (limited) => bundles.isServed(limited));
    if (!this.#isServed && before === undefined) {
      log.warn(
        'the API server has no ClusterTrustBundles, so that none is written: turn its feature gate ' +
          'ClusterTrustBundle on, or CLUSTER_TRUST_BUNDLES off here',
      );
    }
    return this.#isServed;
  }

  async #keep(trust: TrustBundle, signal: AbortSignal): Promise<void> {
    const { bundles } = this.#options;
    const found = await this.#limited(signal, (limited) => bundles.list(managedSelector, limited));
    const byName = new Map(found.map((bundle) => [bundle.name, bundle]));
    const wanted = trust.signerNames.map((signerName) => draftOf(signerName, trust));
    this.#signers = wanted.length;
    this.#right = wanted.filter((draft) => isRight(byName.get(draft.name), draft)).length;
    for (const draft of wanted) {
      if (isRight(byName.get(draft.name), draft)) continue;
      if (await this.#apply(draft, signal)) this.#right += 1;
    }
    const names = new Set(wanted.map(({ name }) => name));
    for (const bundle of found) {
      if (bundle.isOurs && bundle.name.endsWith(nameEnd) && !names.has(bundle.name)) {
        await this.#remove(bundle, signal);
      }
    }
  }

  /** False where we may not: the others are written all the same. */
  async #apply(draft: ClusterTrustBundleDraft, signal: AbortSignal): Promise<boolean> {
    const { bundles, log, mayWrite } = this.#options;
    if (!mayWrite()) throw new Error('another replica leads now');
    try {
      await this.#limited(signal, (limited) => bundles.apply(draft, limited));
      this.#refused.delete(draft.signerName);
      return true;
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#lastError = error;
      if (this.#refused.has(draft.signerName)) return false;
      this.#refused.add(draft.signerName);
      const { signerName } = draft;
      const missing = `patch and create clustertrustbundles, and attest on the signer ${signerName}`;
      log.warn('a ClusterTrustBundle may not be written', { signerName, error, missing });
      return false;
    }
  }

  async #remove(bundle: ClusterTrustBundle, signal: AbortSignal): Promise<void> {
    const { bundles, mayWrite } = this.#options;
    if (!mayWrite()) throw new Error('another replica leads now');
    try {
      await this.#limited(signal, (limited) => bundles.remove(bundle, limited));
    } catch (error) {
      // It has changed since the list was read: the next look will tell whether it is still ours.
      if (!isConflict(error)) throw error;
    }
  }

  #limited<T>(parent: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const reason = (): Error => new Error(`no answer about ClusterTrustBundles in ${callMs} ms`);
    return callWithin({ clock: this.#options.clock, ms: callMs, reason, parent }, call);
  }
}

function draftOf(signerName: string, trust: TrustBundle): ClusterTrustBundleDraft {
  const trustBundle = trust
    .rootsSentFor(signerName)
    .map(({ pem }) => pem)
    .join('');
  return { name: `${signerName.replaceAll('/', ':')}${nameEnd}`, signerName, labels, trustBundle };
}

function isRight(found: ClusterTrustBundle | undefined, draft: ClusterTrustBundleDraft): boolean {
  return found?.trustBundle === draft.trustBundle && found.signerName === draft.signerName;
}
