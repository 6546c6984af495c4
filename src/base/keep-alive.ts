const maxTimerMs = 2_147_483_647;

/**
 * Keeps the process alive until the work is over. The timers of `Clock` do not, nor do idle connections:
 * work that only waits for its next try would be taken for done, and the process would end in the middle.
 */
export async function keepAlive<T>(work: Promise<T>): Promise<T> {
  const hold = setInterval(() => undefined, maxTimerMs);
  try {
    return await work;
  } finally {
    clearInterval(hold);
  }
}
