export interface CallLimitOptions {
  /** How many calls may be on their way at first. */
  readonly first: number;
  readonly min: number;
  readonly max: number;
}

/**
 * How many calls a server can take at once, as it tells by what it refuses: one more for each round
 * of calls that went well, half as many after a refusal (additive increase, multiplicative decrease,
 * RFC 5681).
 */
export class CallLimit {
  readonly #options: CallLimitOptions;
  #limit: number;
  #round = 0;

  constructor(options: CallLimitOptions) {
    this.#options = options;
    this.#limit = options.first;
  }

  get calls(): number {
    return Math.floor(this.#limit);
  }

  /** Counts how often the limit was cut; a call is sent in one of these rounds. */
  get round(): number {
    return this.#round;
  }

  /** `wasFull`: as many calls as may were on their way; else the limit has proved nothing. */
  succeeded(wasFull: boolean): void {
    if (wasFull) this.#limit = Math.min(this.#options.max, this.#limit + 1 / this.#limit);
  }

  /** Calls sent before the last cut tell nothing about the limit since: they do not cut again. */
  throttled(sentInRound: number): void {
    if (sentInRound !== this.#round) return;
    this.#round += 1;
    this.#limit = Math.max(this.#options.min, this.#limit / 2);
  }
}
