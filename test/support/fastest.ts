/**
 * The shortest of a few runs in milliseconds: on a busy machine the others measure the neighbours,
 * while work that grows too fast is slow every time.
 */
export function fastestMs(work: () => unknown, runs = 5): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}
