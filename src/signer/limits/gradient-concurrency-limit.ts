import type { Clock } from '../../base/clock.ts';

export interface GradientBounds {
  readonly min: number;
  /** How many requests are assumed to keep an unknown signer busy. */
  readonly firstNeed: number;
  readonly max: number;
  /** How long a request may wait behind others at the signer before there are fewer, milliseconds. */
  readonly maxQueueMs: number;
}

/** The fastest answer is remembered for this long, at most twice: a signer may become slower for good. */
const rememberMs = 300_000;
const firstPart = 0.25;
/** However long a signer gave no answer, six good rounds restore all of it. */
const minPart = 1 / 64;

/**
 * How many requests a signer gets at a time: a gradient concurrency limit, after the idea of TCP Vegas.
 * A signer that has too many requests answers each of them later than it could. The ratio of its fastest
 * answer to the usual one says which share of them it is working on, while the others only wait there.
 * The limit is the number that it works on, and those that may wait:
 * limit = limit * fastest / usual + beyond need.
 */
export class GradientConcurrencyLimit {
  readonly #clock: Clock;
  readonly #limits: GradientBounds;
  readonly #beyondNeed: () => number;
  /** How many keep the signer busy. */
  #need: number;
  /** Which part of those beyond need does not wait too long; all of them only after some rounds. */
  #part = firstPart;
  /** Fastest answers of this span of time and of the one before. */
  #fastest: { readonly now: number; readonly before: number; readonly since: number };
  /** The answers since the limit was last set. */
  #round = { answers: 0, sumMs: 0, wasFull: false };
  #shrunkAt = -Infinity;

  /** `beyondNeed`: how many may be with the signer now besides those that keep it busy. */
  constructor(clock: Clock, limits: GradientBounds, beyondNeed: () => number) {
    this.#clock = clock;
    this.#limits = limits;
    this.#beyondNeed = beyondNeed;
    this.#need = limits.firstNeed;
    this.#fastest = { now: Infinity, before: Infinity, since: clock.monotonic() };
  }

  get limit(): number {
    const { min, max } = this.#limits;
    const limit = this.#need + this.#beyondNeed() * this.#part;
    return Math.floor(Math.min(max, Math.max(min, limit)));
  }

  /** `wasFull`: as many as allowed were with the signer; otherwise the limit was not put to the test. */
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

  /** A request was not answered: half as many from now on, once for all that stall together. */
  stalled(): void {
    const now = this.#clock.monotonic();
    if (now - this.#shrunkAt < this.#limits.maxQueueMs) return;
    this.#shrunkAt = now;
    this.#need /= 2;
    this.#part = Math.max(minPart, this.#part / 2);
  }

  #adapt(usualMs: number): void {
    const { maxQueueMs } = this.#limits;
    const fastestMs = Math.max(1, Math.min(this.#fastest.now, this.#fastest.before));
    const atWork = this.limit * Math.min(1, fastestMs / usualMs);
    // Half way: one odd round is no reason to go all of it.
    this.#need = (this.#need + atWork) / 2;
    const queueMs = usualMs - fastestMs;
    this.#part = Math.min(1, this.#part * 2, maxQueueMs / Math.max(1, queueMs));
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
