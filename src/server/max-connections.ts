const mebibyte = 1024 * 1024;
/** What the process needs besides, in a storm of handshakes too. */
const besidesBytes = 256 * mebibyte;
/** Measured: 79 to 83 KiB for one that is idle; see docs/reliability.md. */
const eachBytes = 90 * 1024;
const min = 256;
/** However much memory there is. */
export const maxConnectionCount = 20_000;

/**
 * For how many open connections there is room in so much memory: the limit of our control groups, in bytes,
 * or undefined where there is none. More would have the kernel end us, and all of them with us.
 */
export function connectionLimitFor(memoryLimitBytes: number | undefined): number {
  if (memoryLimitBytes === undefined) return maxConnectionCount;
  const room = Math.floor((memoryLimitBytes - besidesBytes) / eachBytes);
  return Math.min(maxConnectionCount, Math.max(min, room));
}
