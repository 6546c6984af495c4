const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  // Micro sign and the Greek letter, as Go reads both.
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Thrown when a text is not a duration as Go writes them. */
export class DurationError extends Error {}

/**
 * Reads a duration as Istio's settings have them (Go's time.ParseDuration), such as `24h0m0s` or
 * `90m`. Returns milliseconds, at least 0. Throws DurationError.
 */
export function parseGoDuration(text: string): number {
  if (text === '0') return 0;
  const parts =
    text.length <= 64
      ? [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|[u\u00b5\u03bc]s|ms|s|m|h)/gy)]
      : [];
  const readLength = parts.reduce((length, [part]) => length + part.length, 0);
  if (parts.length === 0 || readLength !== text.length) {
    throw new DurationError('must be a duration such as 24h, 90m or 1h30m');
  }
  return parts.reduce(
    (ms, [, amount, unit]) => ms + Number(amount) * (unitsMs[unit ?? ''] ?? NaN),
    0,
  );
}
