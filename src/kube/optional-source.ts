import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { isNotFound, KubeApiError } from './api-error.ts';
import type { ResourceList, ResourceSource, WatchEvent, WatchOptions } from './resource-source.ts';

/** How often we look whether the resource has come to be. */
const lookAgainMs = 30_000;
const absent = 'absent';

/**
 * A resource whose definition may not be installed: absent, it is a list with nothing in it, and it
 * is looked for again every half minute.
 */
export class OptionalSource<T> implements ResourceSource<T> {
  readonly resource: string;
  readonly #source: ResourceSource<T>;
  readonly #clock: Clock;

  constructor(source: ResourceSource<T>, clock: Clock) {
    this.resource = source.resource;
    this.#source = source;
    this.#clock = clock;
  }

  async list(signal: AbortSignal): Promise<ResourceList<T>> {
    try {
      return await this.#source.list(signal);
    } catch (error) {
      if (isNotFound(error)) return { items: [], resourceVersion: absent };
      throw error;
    }
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    if (options.resourceVersion !== absent) {
      yield* this.#source.watch(options, signal);
      return;
    }
    yield { kind: 'heartbeat' };
    await sleep(this.#clock, lookAgainMs, signal);
    // The one word that makes the watch list again; nothing has gone wrong.
    const error = new KubeApiError('time to look again', {
      status: 410,
      reason: 'Expired',
      verb: 'watch',
      resource: this.resource,
    });
    yield { kind: 'error', error };
  }
}
