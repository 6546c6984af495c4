import type { IncomingHttpHeaders } from 'node:http2';

/** Longer deadlines are taken for this one; no request lives that long. */
const maxTimeoutMs = 3_600_000;

const msPerUnit: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/**
 * Shortens an absurd `grpc-timeout` header to an hour, in place. grpc-js keeps a deadline's
 * milliseconds in 32 bits, so that from 25 days on a call would fail at once or at random; the
 * protocol allows 99,999,999 hours.
 */
export function clampGrpcTimeout(headers: IncomingHttpHeaders): void {
  const timeout = headers['grpc-timeout'];
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(String(timeout)) ?? [];
  if (Number(digits) * (msPerUnit[unit] ?? 0) > maxTimeoutMs) {
    headers['grpc-timeout'] = `${maxTimeoutMs / 1_000}S`;
  }
}
