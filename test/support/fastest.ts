/**
 * The least CPU that one of a few runs took, in milliseconds: not the time that neighbours on a busy
 * machine make it wait, while work that grows too fast is costly every time.
 */
export function fastestMs(work: () => unknown, runs = 5): number {
  const times = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}
