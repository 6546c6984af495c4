import type { Stoppable } from '../base/lifecycle.ts';
import type { Leadership } from '../kube/leader-election.ts';

/** Something that runs for as long as this replica leads, and is made anew each time that it does. */
export class WhileLeader<T extends Stoppable> implements Stoppable {
  readonly #start: () => T;
  #current: T | undefined;
  #ending: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  /** `start` must not throw. What it returns must act no more once its `stop` was called. */
  constructor(leadership: Leadership, start: () => T) {
    this.#start = start;
    leadership.onChange((isLeader) => {
      this.#follow(isLeader);
    });
    this.#follow(leadership.isLeader);
  }

  /** What runs now; undefined while another leads. */
  get current(): T | undefined {
    return this.#current;
  }

  async stop(): Promise<void> {
    this.#follow(false);
    this.#isStopped = true;
    await this.#ending;
  }

  #follow(isLeader: boolean): void {
    if (this.#isStopped || isLeader === (this.#current !== undefined)) return;
    if (isLeader) {
      this.#current = this.#start();
      return;
    }
    this.#ending = Promise.allSettled([this.#ending, this.#current?.stop()]);
    this.#current = undefined;
  }
}
