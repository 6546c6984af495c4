import type { Clock } from '../base/clock.ts';

export interface PaceLimits {
  readonly least: number;
  readonly first: number;
  readonly most: number;
  /** How many may lie with the signer beyond those that it needs to be at work all the time. */
  readonly beyondNeed: number;
  /** How long a request may wait behind others at the signer before there are fewer, milliseconds. */
  readonly longestQueueMs: number;
}

/** For how long the fastest answer is remembered, twice over: signers become slower for good, too. */
const rememberMs = 300_000;

/**
 * How many requests a signer is worth asking at a time. A signer that is asked too much answers each
 * later than it could: by the share of its fastest answer in the usual one it tells how many of those
 * that lie with it are being worked on, and how many only wait there. The limit is the first, and a few
 * (the idea of TCP Vegas; its form is that of a gradient: limit = limit * fastest / usual + few).
 */
export class SignerPace {
  readonly #clock: Clock;
  readonly #limits: PaceLimits;
  #limit: number;
  /** Fastest answers of this span of time and of the one before. */
  #fastest: { readonly now: number; readonly before: number; readonly since: number };
  /** The answers since the limit was last set. */
  #round = { answers: 0, sumMs: 0, wasFull: false };
  #shrunkAt = -Infinity;

  constructor(clock: Clock, limits: PaceLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#limit = limits.first;
    this.#fastest = { now: Infinity, before: Infinity, since: clock.monotonic() };
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** `wasFull`: as many as may lay with the signer; else the limit has proved nothing. */
  answered(tookMs: number, { wasFull }: { readonly wasFull: boolean }): void {
    this.#noteFastest(tookMs);
    const round = this.#round;
    round.answers += 1;
    round.sumMs += tookMs;
    round.wasFull ||= wasFull;
    if (round.answers < this.limit) return;
    const usualMs = round.sumMs / round.answers;
    this.#round = { answers: 0, sumMs: 0, wasFull: false };
    if (round.wasFull) this.#adapt(usualMs);
  }

  /** The signer did not answer: half as many, once for all who suffer it together. */
  silent(): void {
    const now = this.#clock.monotonic();
    if (now - this.#shrunkAt < this.#limits.longestQueueMs) return;
    this.#shrunkAt = now;
    this.#limit = Math.max(this.#limits.least, this.#limit / 2);
  }

  #adapt(usualMs: number): void {
    const { least, most, beyondNeed, longestQueueMs } = this.#limits;
    const fastestMs = Math.max(1, Math.min(this.#fastest.now, this.#fastest.before));
    const atWork = this.#limit * Math.min(1, fastestMs / usualMs);
    const queueMs = usualMs - fastestMs;
    // A slow signer's few would wait too long behind each other.
    const few = queueMs > longestQueueMs ? beyondNeed * (longestQueueMs / queueMs) : beyondNeed;
    // Half way: one odd round is no reason to go all of it.
    const wanted = (this.#limit + atWork + few) / 2;
    this.#limit = Math.min(most, Math.max(least, wanted));
  }

  #noteFastest(tookMs: number): void {
    const { now, since } = this.#fastest;
    const at = this.#clock.monotonic();
    this.#fastest =
      at - since >= rememberMs
        ? { now: tookMs, before: now, since: at }
        : { ...this.#fastest, now: Math.min(now, tookMs) };
  }
}
