import type { Random } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { ConfigState } from '../base/watched-file.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { FollowedMesh, MeshSnapshot } from './mesh-snapshot.ts';
import { SpiffeBundleFeed } from './spiffe-bundle-feed.ts';
import type { SpiffeBundleFeedOptions } from './spiffe-bundle-feed.ts';
import { TrustBundle } from './trust-bundle.ts';

export interface SpiffeBundleRootsOptions {
  readonly mesh: FollowedMesh;
  readonly download: SpiffeBundleFeedOptions['download'];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** How often the mesh config is looked at while nobody asks for it. */
const lookMs = 2_000;

/**
 * A mesh whose signers have the roots at their spiffeBundleUrl too, besides those that the mesh config
 * spells out. Until a URL has answered there are the latter alone.
 */
export class SpiffeBundleRoots implements FollowedMesh, Stoppable {
  readonly #options: SpiffeBundleRootsOptions;
  readonly #feeds = new Map<string, SpiffeBundleFeed>();
  readonly #stopping = new AbortController();
  #base: MeshSnapshot | undefined;
  #snapshot: MeshSnapshot | undefined;
  /** How many times other roots came from a URL. */
  #changes = 0;
  #running: Promise<void> | undefined;

  constructor(options: SpiffeBundleRootsOptions) {
    this.#options = options;
  }

  get state(): ConfigState {
    return this.#options.mesh.state;
  }

  /** Throws what the mesh itself throws. */
  current(): MeshSnapshot {
    const base = this.#options.mesh.current();
    if (this.#snapshot !== undefined && this.#base === base) return this.#snapshot;
    this.#base = base;
    this.#follow(base);
    this.#snapshot = this.#withBundles(base);
    return this.#snapshot;
  }

  /** Resolves when each URL was tried once, whether it answered or not, or when the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    this.current();
    this.#running ??= this.#look();
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
    });
    await Promise.race([Promise.all([...this.#feeds.values()].map((feed) => feed.tried)), aborted]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    await this.#running;
    await Promise.all([...this.#feeds.values()].map((feed) => feed.stop()));
  }

  /** So that a URL that is new in the config is asked before somebody needs its roots. */
  async #look(): Promise<void> {
    const { signal } = this.#stopping;
    const waited = (): Promise<boolean> =>
      sleep(this.#options.clock, lookMs, signal).then(
        () => true,
        () => false,
      );
    while (await waited()) this.current();
  }

  #follow({ config }: MeshSnapshot): void {
    const urls = new Set(config.caCertificates.flatMap((entry) => entry.spiffeBundleUrl ?? []));
    for (const [url, feed] of this.#feeds) {
      if (urls.has(url)) continue;
      this.#feeds.delete(url);
      void feed.stop();
    }
    for (const url of urls) {
      if (this.#feeds.has(url) || this.#stopping.signal.aborted) continue;
      const feed = new SpiffeBundleFeed({
        ...this.#options,
        url,
        onChange: () => {
          this.#changed();
        },
      });
      this.#feeds.set(url, feed);
      feed.start();
    }
  }

  #changed(): void {
    this.#changes += 1;
    this.#snapshot = undefined;
  }

  #withBundles(base: MeshSnapshot): MeshSnapshot {
    const generation = base.generation + this.#changes;
    const bundles = new Map<string, readonly Certificate[]>();
    for (const [url, { roots }] of this.#feeds) if (roots !== undefined) bundles.set(url, roots);
    if (bundles.size === 0) return { ...base, generation };
    try {
      return { ...base, trust: TrustBundle.of(base.config.caCertificates, bundles), generation };
    } catch (error) {
      // Fewer roots are a smaller risk than more than anybody can be sent.
      this.#options.log.error('roots of spiffeBundleUrls are not used', { error });
      return { ...base, generation };
    }
  }
}
