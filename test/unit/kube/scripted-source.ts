import type {
  ResourceList,
  ResourceSource,
  WatchEvent,
  WatchOptions,
} from '../../../src/kube/resource-source.ts';

export interface Item {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export function anItem(name: string, resourceVersion: string, uid = `uid-of-${name}`): Item {
  return { name, uid, resourceVersion };
}

type Step<T> = { readonly event: WatchEvent<T> } | { readonly error: Error } | 'close';

/** One watch that was opened, to be fed by a test. */
export class ScriptedWatch<T> {
  readonly options: WatchOptions;
  readonly signal: AbortSignal;
  readonly #steps: Step<T>[] = [];
  #wake: () => void = () => undefined;

  constructor(options: WatchOptions, signal: AbortSignal) {
    this.options = options;
    this.signal = signal;
  }

  send(...events: readonly WatchEvent<T>[]): void {
    for (const event of events) this.#add({ event });
  }
  put(object: T): void {
    this.send({ kind: 'put', object });
  }
  gone(object: T): void {
    this.send({ kind: 'gone', object });
  }
  bookmark(resourceVersion: string): void {
    this.send({ kind: 'bookmark', resourceVersion });
  }
  close(): void {
    this.#add('close');
  }
  fail(error: Error): void {
    this.#add({ error });
  }

  /** Ignores the signal on purpose, as a stuck connection would. */
  async *events(): AsyncGenerator<WatchEvent<T>> {
    for (;;) {
      const step = this.#steps.shift();
      if (step === 'close') return;
      if (step === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('error' in step) throw step.error;
      else yield step.event;
    }
  }

  #add(step: Step<T>): void {
    this.#steps.push(step);
    this.#wake();
  }
}

/** A source whose lists are given beforehand (the last one again and again) and whose watches a test feeds. */
export class ScriptedSource implements ResourceSource<Item> {
  readonly resource = 'items';
  readonly watches: ScriptedWatch<Item>[] = [];
  lists: (ResourceList<Item> | Error | 'hang')[] = [];
  listCalls = 0;

  list(): Promise<ResourceList<Item>> {
    this.listCalls += 1;
    const next = this.lists.length > 1 ? this.lists.shift() : this.lists[0];
    if (next === 'hang') return new Promise(() => undefined);
    if (next instanceof Error) return Promise.reject(next);
    return Promise.resolve(next ?? { items: [], resourceVersion: '1' });
  }

  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<Item>> {
    const watch = new ScriptedWatch<Item>(options, signal);
    this.watches.push(watch);
    return watch.events();
  }

  /** The watch that was opened last. */
  get current(): ScriptedWatch<Item> {
    const watch = this.watches.at(-1);
    if (watch === undefined) throw new Error('no watch was opened');
    return watch;
  }
}
