import { abortable } from './deadline.ts';

/** One run of a task at a time: whoever asks while it is under way gets the result of that run. */
export class SingleFlight<T> {
  #running: Promise<T> | undefined;

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Joins the run that is under way, or starts `task`. The run does not end with any of its callers. */
  run(task: () => Promise<T>): Promise<T> {
    this.#running ??= task().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }
}

interface Flight<T> {
  readonly result: Promise<T>;
  readonly abandon: AbortController;
  waiting: number;
}

/** One for all: an abort without a reason of its own makes an exception with a stack each time. */
const nobodyWaits = new Error('nobody waits for the result any more');

/** One run for each key, which is given up when the last of its callers has left. */
export class KeyedSingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  isRunning(key: string): boolean {
    return this.#flights.has(key);
  }

  /**
   * Joins the run of that key, or starts `task`, whose signal aborts when nobody waits any more; whoever
   * asks from then on begins anew. Rejects with the caller's own reason when `signal` aborts first: the run
   * goes on while others wait.
   */
  async run(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const flight = this.#flights.get(key) ?? this.#start(key, task);
    flight.waiting += 1;
    try {
      return await abortable(flight.result, signal);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0 && this.#forget(key, flight)) flight.abandon.abort(nobodyWaits);
    }
  }

  #start(key: string, task: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const abandon = new AbortController();
    const flight = { result: task(abandon.signal), abandon, waiting: 0 };
    const forget = (): void => {
      this.#forget(key, flight);
    };
    flight.result.then(forget, forget);
    this.#flights.set(key, flight);
    return flight;
  }

  #forget(key: string, flight: Flight<T>): boolean {
    return this.#flights.get(key) === flight && this.#flights.delete(key);
  }
}
