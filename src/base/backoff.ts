/** A source of uniform random numbers in [0, 1), injected so that tests can fix it. */
export type Random = () => number;

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The wait before retry number `attempt` (0 = the first retry), with full jitter: uniform between
 * zero and an exponentially growing ceiling, so that many waiters do not return together.
 */
export function fullJitterMs(attempt: number, options: BackoffOptions, random: Random): number {
  const ceiling = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return random() * ceiling;
}
