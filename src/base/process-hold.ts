/** The longest that Node can hold; nobody waits for it. */
const longestTimerMs = 2_147_483_647;

/**
 * Keeps the process alive until the returned function is called: neither the timers of `systemClock`
 * nor listeners for signals do, so that a command which only waits would end.
 */
export function holdProcess(): () => void {
  const handle = setInterval(() => undefined, longestTimerMs);
  return () => {
    clearInterval(handle);
  };
}
