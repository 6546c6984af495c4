import type { Clock, Timer } from '../base/clock.ts';
import type { TextSink } from './terminal.ts';

const afterMs = 1_000;
const everyMs = 250;
const eraseLine = '\r\u001b[K';

/** One line on a terminal that tells what takes longer than a second; nothing anywhere else. */
export class ProgressLine {
  readonly #sink: TextSink;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #running: readonly string[] = [];
  #timer: Timer | undefined;
  #isShown = false;

  constructor(sink: TextSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    if (sink.isTTY === true) this.#timer = clock.timer(afterMs, this.#show);
  }

  /** What is under way now. */
  update(running: readonly string[]): void {
    this.#running = running;
  }

  /** Takes the line away; idempotent. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isShown) this.#sink.write(eraseLine);
    this.#isShown = false;
  }

  readonly #show = (): void => {
    const seconds = Math.round((this.#clock.monotonic() - this.#startedAt) / 1000);
    const text = `${seconds} s: ${this.#running.join(', ')}`;
    this.#sink.write(`${eraseLine}${text.slice(0, (this.#sink.columns ?? 80) - 1)}`);
    this.#isShown = true;
    this.#timer = this.#clock.timer(everyMs, this.#show);
  };
}
