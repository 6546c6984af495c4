import { constants } from 'node:os';

/**
 * Ends this process on Ctrl-C and its like, after everything was stopped; at once on a second
 * signal. Returns a function that says whether that has begun.
 */
export function endOnSignal(stop: () => Promise<void>): () => boolean {
  let ending = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    const status = 128 + constants.signals[signal];
    if (ending) process.exit(status);
    ending = true;
    process.stderr.write(`\n${signal}: ending every process of the stack\n`);
    stop().then(
      () => process.exit(status),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(status);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return () => ending;
}
