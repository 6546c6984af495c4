import { setTimeout as sleep } from 'node:timers/promises';

export interface AwaitOptions {
  /** Stands in the error: "… was not <what> within …". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly intervalMs?: number;
  /** Checked before each probe: throws where waiting has become pointless. */
  readonly giveUp?: () => void;
}

/**
 * Waits until a probe returns something other than `undefined` or `false`, and returns that. A
 * probe that throws counts as "not yet"; its last error becomes the cause of the time-out.
 */
export async function awaitUntil<T>(
  probe: () => Promise<T | undefined | false>,
  options: AwaitOptions,
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  let cause: unknown;
  for (;;) {
    options.giveUp?.();
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`not within ${options.timeoutMs} ms: ${options.what}`, { cause });
    }
    await sleep(options.intervalMs ?? 50);
  }
}
