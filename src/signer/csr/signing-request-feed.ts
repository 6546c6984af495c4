import type { Clock, Timer } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import type { Stoppable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import { RaError } from '../../base/ra-error.ts';
import { isOlder as isOlderVersion } from '../../kube/resource-versions.ts';
import type { SigningRequest, SigningRequests } from '../../kube/signing-requests.ts';

/** One request's place in the feed. Close it when the wait is over. */
export interface Subscription {
  /** Resolves when `isDone` says so of the newest state, or with 'gone' when the object was deleted. */
  until(
    uid: string,
    isDone: (request: SigningRequest) => boolean,
    signal: AbortSignal,
  ): Promise<SigningRequest | 'gone'>;
  /** Hands in a state that was learnt in another way, such as an answer to our own call. */
  observe(request: SigningRequest): void;
  close(): void;
}

export interface SigningRequestFeedOptions {
  readonly requests: SigningRequests;
  /** Selects the objects that the shared watch delivers; the fallback lists the same. */
  readonly labelSelector: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is known of the objects of one name: of several, since a name may be used again. */
interface Waiter {
  readonly states: Map<string, SigningRequest>;
  readonly goneUids: Set<string>;
  /** The one that is waited for, and how many lists had begun before. */
  awaited: { readonly uid: string; readonly lists: number } | undefined;
  wake: () => void;
}

/** More objects of one name than anybody makes within one wait. */
const maxUids = 4;
/** Beyond so many waits the process would not come to an end of them anyway. */
const maxWaiting = 16_384;
/** After this long without a word from the watch, waiters are served by one shared list. */
const quietMs = 2_000;
const listTimeoutMs = 5_000;

/**
 * Hands what the one shared watch delivers to the requests that wait for it, by name. Subscribe
 * before creating the object, so that no event comes too early.
 *
 * The watch may be cut or silently dead. So while somebody waits and nothing has been heard for two
 * seconds, one list for everybody asks instead; its cost does not grow with the number of waiters.
 */
export class SigningRequestFeed implements Stoppable {
  readonly #options: SigningRequestFeedOptions;
  readonly #waiters = new Map<string, Waiter>();
  #heardAt: number;
  #timer: Timer | undefined;
  readonly #stopping = new AbortController();
  #lists = 0;

  constructor(options: SigningRequestFeedOptions) {
    this.#options = options;
    this.#heardAt = options.clock.monotonic();
  }

  /** How many requests wait now. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Whether somebody waits for the object of that name. */
  isAwaited(name: string): boolean {
    return this.#waiters.has(name);
  }

  put(request: SigningRequest): void {
    this.#heardAt = this.#options.clock.monotonic();
    this.#deliver(request);
  }

  gone(request: Pick<SigningRequest, 'name' | 'uid'>): void {
    this.#heardAt = this.#options.clock.monotonic();
    const waiter = this.#waiters.get(request.name);
    if (waiter === undefined) return;
    markGone(waiter, request.uid);
  }

  /** Throws when the name is already waited for, and OVERLOADED when too many are. */
  subscribe(name: string): Subscription {
    if (this.#waiters.has(name)) throw new Error(`${name} is already waited for`);
    if (this.#waiters.size >= maxWaiting) {
      throw new RaError('OVERLOADED', 'too many requests wait', { reason: 'too_many_waiting' });
    }
    const waiter: Waiter = {
      states: new Map(),
      goneUids: new Set(),
      awaited: undefined,
      wake: () => undefined,
    };
    this.#waiters.set(name, waiter);
    this.#schedule();
    return {
      until: (uid, isDone, signal) => this.#until({ waiter, uid, isDone }, signal),
      observe: (request) => {
        this.#deliver(request);
      },
      close: () => {
        this.#waiters.delete(name);
      },
    };
  }

  stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stopping.abort(new Error('the feed was stopped'));
    return Promise.resolve();
  }

  #until(
    wait: {
      readonly waiter: Waiter;
      readonly uid: string;
      readonly isDone: (request: SigningRequest) => boolean;
    },
    signal: AbortSignal,
  ): Promise<SigningRequest | 'gone'> {
    const { waiter, uid, isDone } = wait;
    waiter.awaited = { uid, lists: this.#lists };
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal.reason as Error);
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      waiter.wake = () => {
        const latest = waiter.states.get(uid);
        const done = latest !== undefined && isDone(latest) ? latest : undefined;
        // An end that was seen counts, though the object was deleted right after it.
        const result = done ?? (waiter.goneUids.has(uid) ? 'gone' : undefined);
        if (result === undefined) return;
        signal.removeEventListener('abort', onAbort);
        waiter.wake = () => undefined;
        resolve(result);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiter.wake();
    });
  }

  #deliver(request: SigningRequest): void {
    const waiter = this.#waiters.get(request.name);
    if (waiter === undefined || isOlder(request, waiter.states.get(request.uid))) return;
    waiter.states.delete(request.uid);
    waiter.states.set(request.uid, request);
    const { awaited, states } = waiter;
    const other = [...states.keys()].find((uid) => uid !== awaited?.uid);
    if (states.size > maxUids && other !== undefined) states.delete(other);
    const mine = awaited === undefined ? undefined : states.get(awaited.uid);
    // The name belongs to another object now, so the awaited one was deleted.
    if (mine !== undefined && mine.uid !== request.uid && isOlder(mine, request)) {
      markGone(waiter, mine.uid);
    }
    waiter.wake();
  }

  /** What a whole list does not hold was deleted, if its wait had begun before the list did. */
  #deliverList(found: readonly SigningRequest[], list: number): void {
    const uids = new Set(found.map(({ uid }) => uid));
    for (const request of found) this.#deliver(request);
    for (const waiter of [...this.#waiters.values()]) {
      const { awaited } = waiter;
      if (awaited === undefined || awaited.lists >= list || uids.has(awaited.uid)) continue;
      markGone(waiter, awaited.uid);
    }
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#stopping.signal.aborted) return;
    this.#timer = this.#options.clock.timer(quietMs, () => {
      this.#timer = undefined;
      void this.#askIfQuiet().finally(() => {
        if (this.#waiters.size > 0) this.#schedule();
      });
    });
  }

  async #askIfQuiet(): Promise<void> {
    const { clock, log, requests, labelSelector } = this.#options;
    const quiet = clock.monotonic() - this.#heardAt >= quietMs;
    if (!quiet || this.#waiters.size === 0 || this.#stopping.signal.aborted) return;
    const reason = (): Error => new Error('the list took too long');
    const options = { clock, ms: listTimeoutMs, reason, parent: this.#stopping.signal };
    const list = (this.#lists += 1);
    try {
      const found = await withDeadline(options, (signal) => requests.list(labelSelector, signal));
      this.#deliverList(found, list);
    } catch (error) {
      log.debug('list of certificate requests failed', { error });
    }
  }
}

function markGone(waiter: Waiter, uid: string): void {
  waiter.goneUids.add(uid);
  const other = [...waiter.goneUids].find((gone) => gone !== waiter.awaited?.uid);
  if (waiter.goneUids.size > maxUids && other !== undefined) waiter.goneUids.delete(other);
  waiter.wake();
}

/** Events may be repeated or come out of order. */
function isOlder(request: SigningRequest, than: SigningRequest | undefined): boolean {
  return than !== undefined && isOlderVersion(request.resourceVersion, than.resourceVersion);
}
