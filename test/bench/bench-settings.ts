/**
 * Settings that a benchmark needs: each of its workloads asks a thousand times more often than a real
 * one may.
 */
export const benchSettings: Readonly<Record<string, string>> = {
  RATE_LIMITS: 'off',
};
