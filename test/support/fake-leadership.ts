import type { Leadership } from '../../src/kube/leader-election.ts';

/** A lead that a test gives and takes. */
export class FakeLeadership implements Leadership {
  #isLeader: boolean;
  readonly #listeners: ((isLeader: boolean) => void)[] = [];

  constructor(isLeader = true) {
    this.#isLeader = isLeader;
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  set isLeader(isLeader: boolean) {
    this.#isLeader = isLeader;
    for (const listener of this.#listeners) listener(isLeader);
  }

  onChange(listener: (isLeader: boolean) => void): void {
    this.#listeners.push(listener);
  }
}
