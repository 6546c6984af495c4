import type { Clock } from './clock.ts';

export interface DeadlineOptions {
  readonly clock: Clock;
  /** Milliseconds from now until the deadline aborts. */
  readonly ms: number;
  /** Made when the time is up; becomes the signal's reason. */
  readonly reason: () => Error;
  /** The wider scope; its abort is passed on with its own reason. */
  readonly parent?: AbortSignal | undefined;
}

/**
 * A span of time that a step may take, as an AbortSignal: it aborts when the time is up or when its
 * parent aborts. Release it when the step is over, so that neither timer nor listener stays behind;
 * `withDeadline` does so by itself.
 */
export class Deadline {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #release: () => void;
  readonly #clock: Clock;
  readonly #endsAt: number;

  constructor({ clock, ms, reason, parent }: DeadlineOptions) {
    this.#clock = clock;
    this.#endsAt = clock.monotonic() + ms;
    this.signal = this.#controller.signal;
    const timer = clock.timer(ms, () => {
      this.#controller.abort(reason());
    });
    const onParentAbort = (): void => {
      this.#controller.abort(parent?.reason);
    };
    if (parent?.aborted === true) onParentAbort();
    else parent?.addEventListener('abort', onParentAbort, { once: true });
    this.#release = () => {
      timer.cancel();
      parent?.removeEventListener('abort', onParentAbort);
    };
  }

  /** Milliseconds left; never negative. */
  remainingMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.monotonic());
  }

  /** Ends the span early, for instance because the client went away. */
  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Drops timer and listener. Call it when the step is over. */
  release(): void {
    this.#release();
  }
}

/**
 * Runs `step` with a deadline's signal and releases the deadline when the step is over. Settles as
 * `step` does: what it awaits must heed the signal.
 */
export async function withDeadline<T>(
  options: DeadlineOptions,
  step: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new Deadline(options);
  try {
    return await step(deadline.signal);
  } finally {
    deadline.release();
  }
}

/** As `withDeadline`, for a call that may ignore its signal: rejects at once when the time is up. */
export function callWithin<T>(
  options: DeadlineOptions,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withDeadline(options, (signal) => abortable(call(signal), signal));
}

/** Settles as `promise` does, but rejects at once with the signal's reason when it aborts first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    const release = (): void => {
      signal.removeEventListener('abort', onAbort);
    };
    promise.then(resolve, reject);
    // Not `finally`, which makes a promise more: this runs for each step of each request.
    promise.then(release, release);
  });
}
