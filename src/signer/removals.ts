import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { isForbidden, KubeApiError } from '../kube/api-error.ts';
import type { SigningRequests } from '../kube/signing-requests.ts';
import type { ApiAttempts } from './api-attempts.ts';

const bounds = { tries: 6, timeoutMs: 5_000 };
/** Beyond this many the oldest are left to the reaper: memory stays bounded in an outage. */
const mostPending = 10_000;
const mostAtOnce = 8;
/** A create that we gave up on may still be carried out; look again after this long. */
const lateCreateMs = 2_000;

export interface RemovalsOptions {
  readonly requests: SigningRequests;
  readonly attempts: ApiAttempts;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Without a uid: an object that may or may not have been created under this name of ours. */
interface Target {
  readonly name: string;
  readonly uid?: string;
}

/** Deletes objects that have served, off the caller's path, a few at a time. */
export class Removals implements Stoppable {
  readonly #options: RemovalsOptions;
  readonly #queue: Target[] = [];
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: RemovalsOptions) {
    this.#options = options;
  }

  /** How many objects are still to be deleted. */
  get pending(): number {
    return this.#queue.length + this.#running.size;
  }

  add(target: Target): void {
    if (this.#queue.length >= mostPending) {
      const dropped = this.#queue.shift();
      this.#options.log.warn('too many removals wait, one is left behind', { ...dropped });
    }
    this.#queue.push(target);
    this.#start();
  }

  /** Resolves when nothing is left to delete. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Gives up what is left. Call `drained` first to wait for it. */
  async stop(): Promise<void> {
    this.#queue.length = 0;
    this.#abort.abort(new Error('removals were stopped'));
    await this.drained();
  }

  #start(): void {
    if (this.#running.size >= mostAtOnce) return;
    const target = this.#queue.shift();
    if (target === undefined) return;
    const run = this.#remove(target).finally(() => {
      this.#running.delete(run);
      this.#start();
    });
    this.#running.add(run);
  }

  async #remove({ name, uid }: Target): Promise<void> {
    const { requests, log } = this.#options;
    try {
      const known = uid ?? (await this.#findUid(name));
      if (known === undefined) return;
      await this.#insist((signal) => requests.remove({ name, uid: known }, signal));
    } catch (error) {
      log.warn('certificate request not removed', { csrName: name, error });
    }
  }

  async #findUid(name: string): Promise<string | undefined> {
    const { requests, clock } = this.#options;
    const read = async (): Promise<string | undefined> =>
      (await this.#insist((signal) => requests.read(name, signal)))?.uid;
    const found = await read();
    if (found !== undefined) return found;
    await sleep(clock, lateCreateMs, this.#abort.signal);
    return await read();
  }

  /** An API server that has just started answers 403 until it has read who may do what. */
  #insist<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const patient = async (signal: AbortSignal): Promise<T> => {
      try {
        return await call(signal);
      } catch (error) {
        throw isForbidden(error) ? asTransient(error) : error;
      }
    };
    return this.#options.attempts.run(bounds, patient, this.#abort.signal);
  }
}

function asTransient(forbidden: unknown): KubeApiError {
  return new KubeApiError('the API server does not let us remove what we made', {
    status: undefined,
    reason: 'Forbidden',
    verb: 'delete',
    resource: 'certificatesigningrequests',
    cause: forbidden,
  });
}
