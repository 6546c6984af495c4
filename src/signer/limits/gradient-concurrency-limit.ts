import type { Clock } from '../../base/clock.ts';

export interface GradientBounds {
  readonly least: number;
  /** How many are taken to keep an unknown signer at work. */
  readonly firstNeed: number;
  readonly most: number;
  /** How long a request may wait behind others at the signer before there are fewer, milliseconds. */
  readonly longestQueueMs: number;
}

/** For how long the fastest answer is remembered, twice over: signers become slower for good, too. */
const rememberMs = 300_000;
const firstPart = 0.25;
/** However long a signer was silent, six good rounds give it all again. */
const leastPart = 1 / 64;

/**
 * How many requests a signer is worth asking at a time. A signer that is asked too much answers each
 * later than it could: by the share of its fastest answer in the usual one it tells how many of those
 * that lie with it are being worked on, and how many only wait there. The limit is the first, and those
 * that may wait (the idea of TCP Vegas; its form is that of a gradient: limit = limit * fastest / usual
 * + beyond need).
 */
export class GradientConcurrencyLimit {
  readonly #clock: Clock;
  readonly #limits: GradientBounds;
  readonly #beyondNeed: () => number;
  /** How many keep the signer at work. */
  #need: number;
  /** The part of those beyond need that do not wait too long; all of them only after some rounds. */
  #part = firstPart;
  /** Fastest answers of this span of time and of the one before. */
  #fastest: { readonly now: number; readonly before: number; readonly since: number };
  /** The answers since the limit was last set. */
  #round = { answers: 0, sumMs: 0, wasFull: false };
  #shrunkAt = -Infinity;

  /** `beyondNeed`: how many may lie with the signer now besides those that keep it at work. */
  constructor(clock: Clock, limits: GradientBounds, beyondNeed: () => number) {
    this.#clock = clock;
    this.#limits = limits;
    this.#beyondNeed = beyondNeed;
    this.#need = limits.firstNeed;
    this.#fastest = { now: Infinity, before: Infinity, since: clock.monotonic() };
  }

  get limit(): number {
    const { least, most } = this.#limits;
    const limit = this.#need + this.#beyondNeed() * this.#part;
    return Math.floor(Math.min(most, Math.max(least, limit)));
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
  stalled(): void {
    const now = this.#clock.monotonic();
    if (now - this.#shrunkAt < this.#limits.longestQueueMs) return;
    this.#shrunkAt = now;
    this.#need /= 2;
    this.#part = Math.max(leastPart, this.#part / 2);
  }

  #adapt(usualMs: number): void {
    const { longestQueueMs } = this.#limits;
    const fastestMs = Math.max(1, Math.min(this.#fastest.now, this.#fastest.before));
    const atWork = this.limit * Math.min(1, fastestMs / usualMs);
    // Half way: one odd round is no reason to go all of it.
    this.#need = (this.#need + atWork) / 2;
    const queueMs = usualMs - fastestMs;
    this.#part = Math.min(1, this.#part * 2, longestQueueMs / Math.max(1, queueMs));
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
