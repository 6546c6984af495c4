import type { Clock } from '../../src/base/clock.ts';
import type {
  ResourceList,
  ResourceSource,
  WatchEvent,
  WatchOptions,
} from '../../src/kube/resource-source.ts';

interface Versioned {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What is stored now, to be listed, and every change of it, to be watched. */
export class LiveSource<T extends Versioned> implements ResourceSource<T> {
  readonly resource: string;
  readonly #newVersion: () => string;
  readonly #clock: Clock;
  readonly #objects = new Map<string, T>();
  readonly #watches = new Set<(event: WatchEvent<T>) => void>();
  /** Instead of the next answers to a list. */
  listError: Error | undefined;

  constructor(resource: string, clock: Clock, newVersion: () => string) {
    this.resource = resource;
    this.#clock = clock;
    this.#newVersion = newVersion;
  }

  /** How many watch now. */
  get watchers(): number {
    return this.#watches.size;
  }

  put(object: Omit<T, 'resourceVersion'>): T {
    const stored = { ...object, resourceVersion: this.#newVersion() } as T;
    this.#objects.set(stored.uid, stored);
    this.#tell({ kind: 'put', object: stored });
    return stored;
  }

  remove({ uid }: Pick<T, 'uid'>): void {
    const stored = this.#objects.get(uid);
    if (stored === undefined) return;
    this.#objects.delete(uid);
    this.#tell({ kind: 'gone', object: { ...stored, resourceVersion: this.#newVersion() } });
  }

  find(is: (object: T) => boolean): T | undefined {
    return [...this.#objects.values()].find(is);
  }

  list(): Promise<ResourceList<T>> {
    if (this.listError !== undefined) return Promise.reject(this.listError);
    return Promise.resolve({
      items: [...this.#objects.values()],
      resourceVersion: this.#newVersion(),
    });
  }

  async *watch(_options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const events: WatchEvent<T>[] = [{ kind: 'heartbeat' }];
    let wake = (): void => undefined;
    const listener = (event: WatchEvent<T>): void => {
      events.push(event);
      wake();
    };
    const onAbort = (): void => {
      this.#watches.delete(listener);
      wake();
    };
    this.#watches.add(listener);
    signal.addEventListener('abort', onAbort, { once: true });
    while (!signal.aborted) {
      for (const event of events.splice(0)) yield event;
      if (events.length > 0) continue;
      const woken = new Promise<void>((resolve) => (wake = resolve));
      // Otherwise the connection would be taken for dead.
      const timer = this.#clock.timer(30_000, () => {
        listener({ kind: 'heartbeat' });
      });
      await woken;
      timer.cancel();
    }
  }

  #tell(event: WatchEvent<T>): void {
    for (const listener of this.#watches) listener(event);
  }
}
