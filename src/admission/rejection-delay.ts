import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';

export interface RejectionDelayOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** How many may be held back at once; those beyond are answered at once. */
  readonly maxHeld: number;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Holds back answers that clients take as an invitation to come again at once (istio-agent waits some
 * 100 ms before it does): the only brake on them that works.
 */
export class RejectionDelay {
  readonly #options: RejectionDelayOptions;
  readonly #held = new Set<() => void>();
  #notHeld = 0;
  #closed = false;

  constructor(options: RejectionDelayOptions) {
    this.#options = options;
  }

  /** How many answers are held back now. */
  get held(): number {
    return this.#held.size;
  }

  /** How many were answered at once so far because too many were held back. */
  get notHeld(): number {
    return this.#notHeld;
  }

  /** Resolves after the delay, or as soon as `signal` aborts or `close` is called; never rejects. */
  hold(signal: AbortSignal): Promise<void> {
    if (this.#closed || signal.aborted) return Promise.resolve();
    const { minMs, maxMs, maxHeld, clock, random } = this.#options;
    if (this.#held.size >= maxHeld) {
      this.#notHeld += 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const answer = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', answer);
        this.#held.delete(answer);
        resolve();
      };
      const timer = clock.timer(minMs + random() * (maxMs - minMs), answer);
      signal.addEventListener('abort', answer, { once: true });
      this.#held.add(answer);
    });
  }

  /** Lets all go that are held back, and holds back no more. */
  close(): void {
    this.#closed = true;
    for (const answer of [...this.#held]) answer();
  }
}
