import type { Clock } from '../base/clock.ts';
import type { WatchOrder } from './answer.ts';
import type { FaultBoard, FaultFacts, WatchFault } from './faults.ts';
import type { Change, ObjectStore } from './object-store.ts';
import { WatchSession } from './watch-session.ts';
import type { WatchTarget } from './watch-session.ts';

export interface WatchHubOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly faults: FaultBoard<WatchFault>;
  readonly bookmarkIntervalMs: number;
}

/** Every open watch: passes the store's changes on to them until they or the sandbox end. */
export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #sessions = new Set<WatchSession>();
  readonly #unsubscribe: readonly (() => void)[];

  constructor(options: WatchHubOptions) {
    this.#options = options;
    this.#unsubscribe = [
      options.store.subscribe((change) => {
        this.#deliver(change);
      }),
      options.faults.onSet(() => {
        for (const session of [...this.#sessions]) session.meetFaults();
      }),
    ];
  }

  /** How many watches are open. */
  get size(): number {
    return this.#sessions.size;
  }

  open(order: WatchOrder, facts: FaultFacts, target: WatchTarget): void {
    const session = new WatchSession({ ...this.#options, order, facts, target });
    this.#sessions.add(session);
    target.onGone(() => {
      this.#sessions.delete(session);
      session.stop();
    });
    session.start();
  }

  /** Ends every watch and takes no more changes. */
  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const session of [...this.#sessions]) session.stop();
    this.#sessions.clear();
  }

  #deliver(change: Change): void {
    for (const session of [...this.#sessions]) session.deliver(change);
  }
}
