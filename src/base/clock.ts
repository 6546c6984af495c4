/** A started timer; `cancel` is harmless after it has fired. */
export interface Timer {
  cancel(): void;
}

/** Where time comes from. Production uses `systemClock`; tests move a fake one by hand. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start that never run backwards: for durations. */
  monotonic(): number;
  /** Calls `callback` once after `ms` milliseconds unless cancelled. Never keeps the process alive. */
  timer(ms: number, callback: () => void): Timer;
}

/** Node cannot hold a longer timer than 2^31-1 ms; a longer one would fire at once. */
const maxTimerMs = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer: (ms, callback) => {
    const handle = setTimeout(callback, Math.min(Math.max(ms, 0), maxTimerMs));
    handle.unref();
    return {
      cancel: () => {
        clearTimeout(handle);
      },
    };
  },
};

/** Resolves after `ms` milliseconds. Rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    const timer = clock.timer(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
