/** A time in epoch milliseconds as RFC 3339 in UTC, to the second: certificates have no finer one. */
export function plainTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
