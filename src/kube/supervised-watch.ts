import { fullJitterMs } from '../base/backoff.ts';
import type { BackoffOptions, Random } from '../base/backoff.ts';
import { BackgroundLoop } from '../base/background-loop.ts';
import type { Clock } from '../base/clock.ts';
import { callWithin } from '../base/deadline.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { isGone, KubeApiError } from './api-error.ts';
import type { ResourceSource, WatchEvent } from './resource-source.ts';
import { isOlder, SeenVersions } from './resource-versions.ts';
import type { ObjectIdentity } from './resource-versions.ts';
import { watchUntilSilent } from './watch-until-silent.ts';

/** Called in the order of events, one after the other; what they throw is logged and no more. */
export interface WatchHandlers<T> {
  /** This is the object now. After a new list it may be called with a state that is known. */
  onPut(object: T): void;
  /** It was deleted, or vanished while nobody watched; a server may say so more than once. */
  onGone(object: ObjectIdentity): void;
  /** Every object there was has been put: after the first list and after each new one. */
  onSynced?(): void;
}

export interface SupervisedWatchOptions<T> {
  readonly source: ResourceSource<T>;
  readonly identify: (object: T) => ObjectIdentity & { readonly resourceVersion: string };
  readonly handlers: WatchHandlers<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Without a byte for so long, bookmarks included, a connection counts as dead; 75 s. */
  readonly silenceMs?: number;
  /** How many objects are remembered to notice that they vanished; 100,000. */
  readonly maxTracked?: number;
}

const defaultSilenceMs = 75_000;
const defaultMaxTracked = 100_000;
const listMs = 30_000;
const backoff: BackoffOptions = { firstMs: 500, maxMs: 10_000 };
/** Lists and watches are never opened more often than this, whatever the server does. */
const betweenOpeningsMs = 1000;
/**
 * After so many failures in a row the version itself is in doubt: an API server whose etcd was
 * restored does not know it yet, and rather than say 410 it sends nothing, or an error, for ever.
 */
const failuresUntilRelist = 3;
/** The server ends a watch after 240 to 300 s, so that credentials and connections stay young. */
const watchSeconds = { min: 240, spread: 61 };

/**
 * Lists, then watches, for ever: whatever ends a watch, it comes back, from where it was or with a
 * new list. It keeps versions, not objects.
 */
export class SupervisedWatch<T> implements Stoppable {
  readonly #options: SupervisedWatchOptions<T>;
  readonly #seen: SeenVersions;
  readonly #loop: BackgroundLoop;
  /** Where to watch on from; undefined when only a list can tell. */
  #version: string | undefined;
  #openedAt = Number.NEGATIVE_INFINITY;
  #synced = false;
  #connected = false;
  #failures = 0;
  #lastError: unknown;
  #lastActivityAt: number | undefined;
  #events = 0;

  constructor(options: SupervisedWatchOptions<T>) {
    this.#options = options;
    this.#seen = new SeenVersions(options.maxTracked ?? defaultMaxTracked);
    this.#loop = new BackgroundLoop({
      turn: (signal) => this.#turn(signal),
      stopReason: 'the watch was stopped',
      clock: options.clock,
    });
  }

  /** Whether the first list has been handed on. It stays so while a watch is opened again. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Whether the server has accepted a watch that still stands. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Failures in a row; zero once events come again or a watch ends as it should. */
  get failures(): number {
    return this.#failures;
  }

  /** What broke the newest attempt; undefined once a list or a watch has worked again. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** When the server last sent anything, on the clock's monotonic scale; undefined before. */
  get lastActivityAt(): number | undefined {
    return this.#lastActivityAt;
  }

  /** How many events about objects a watch has brought so far; what a list brought is not counted. */
  get events(): number {
    return this.#events;
  }

  /** Begins; a second call does nothing. */
  start(): void {
    this.#loop.start();
  }

  /** Ends at once: no handler is called after it has returned. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** One list where one is needed, and one watch; returns how long to wait before the next. */
  async #turn(signal: AbortSignal): Promise<number> {
    const { clock, random } = this.#options;
    this.#openedAt = clock.monotonic();
    try {
      if (this.#version === undefined) await this.#list(signal);
      await this.#watch(signal);
      return this.#untilNextOpening();
    } catch (error) {
      if (signal.aborted) return 0;
      this.#noteFailure(error);
      const once = isGone(error) && this.#failures === 1;
      const jitterMs = once ? 0 : fullJitterMs(this.#failures - 1, backoff, random);
      return Math.max(jitterMs, retryAfterMs(error), this.#untilNextOpening());
    } finally {
      this.#connected = false;
    }
  }

  #untilNextOpening(): number {
    return Math.max(0, this.#openedAt + betweenOpeningsMs - this.#options.clock.monotonic());
  }

  #noteFailure(error: unknown): void {
    this.#failures += 1;
    this.#lastError = error;
    const relist = isGone(error) || this.#failures % failuresUntilRelist === 0;
    if (relist) this.#version = undefined;
    this.#options.log.warn('the watch broke and will be opened again', {
      resource: this.#options.source.resource,
      failures: this.#failures,
      relist: this.#version === undefined,
      error,
    });
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { source, clock, identify } = this.#options;
    const call = { verb: 'list', resource: source.resource };
    const reason = (): Error => timedOut(`no list within ${listMs} ms`, call);
    const { items, resourceVersion } = await callWithin(
      { clock, ms: listMs, reason, parent: signal },
      (limited) => source.list(limited),
    );
    this.#lastActivityAt = clock.monotonic();
    const states = items.map((item) => {
      const { resourceVersion: version, ...object } = identify(item);
      return { object, version };
    });
    for (const object of this.#seen.replace(states)) this.#handle((to) => to.onGone(object));
    for (const item of items) this.#handle((to) => to.onPut(item));
    this.#version = resourceVersion;
    this.#synced = true;
    this.#lastError = undefined;
    this.#handle((to) => to.onSynced?.());
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { source, clock, random, silenceMs = defaultSilenceMs } = this.#options;
    const timeoutSeconds = watchSeconds.min + Math.floor(random() * watchSeconds.spread);
    const options = { resourceVersion: this.#version ?? '', timeoutSeconds };
    const events = watchUntilSilent({ source, options, clock, silenceMs, signal });
    for await (const event of events) {
      this.#connected = true;
      this.#lastActivityAt = clock.monotonic();
      this.#take(event);
    }
    this.#failures = 0;
    this.#options.log.debug('the watch ended and will be opened again', {
      resource: source.resource,
    });
  }

  #take(event: WatchEvent<T>): void {
    switch (event.kind) {
      case 'heartbeat':
        return;
      case 'error':
        throw event.error;
      case 'bookmark':
        this.#advance(event.resourceVersion);
        return;
      case 'put':
      case 'gone':
        this.#takeObject(event.kind, event.object);
    }
  }

  #takeObject(kind: 'put' | 'gone', object: T): void {
    this.#events += 1;
    const { resourceVersion, ...identity } = this.#options.identify(object);
    this.#advance(resourceVersion);
    if (kind === 'gone') {
      this.#seen.forget(identity.uid);
      this.#handle((to) => to.onGone(identity));
    } else if (this.#seen.note(identity, resourceVersion)) {
      this.#handle((to) => to.onPut(object));
    }
  }

  #advance(version: string): void {
    this.#failures = 0;
    if (this.#version === undefined || !isOlder(version, this.#version)) this.#version = version;
  }

  #handle(call: (handlers: WatchHandlers<T>) => void): void {
    if (this.#loop.isStopped) return;
    try {
      call(this.#options.handlers);
    } catch (error) {
      const { log, source } = this.#options;
      log.error('a watch handler threw', { resource: source.resource, error });
    }
  }
}

function retryAfterMs(error: unknown): number {
  const asked = error instanceof KubeApiError ? (error.retryAfterMs ?? 0) : 0;
  return Math.min(asked, backoff.maxMs);
}

function timedOut(
  message: string,
  call: { readonly verb: string; readonly resource: string },
): KubeApiError {
  return new KubeApiError(message, { ...call, status: undefined, reason: 'TimedOut' });
}
