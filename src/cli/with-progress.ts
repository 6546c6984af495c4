import { systemClock } from '../base/clock.ts';
import { ProgressLine } from './progress-line.ts';
import type { TextSink } from './terminal.ts';

interface ProgressOptions {
  /** Standard error: what is on standard output is the result alone. */
  readonly sink: TextSink;
  readonly isQuiet: boolean;
  /** What is under way, as `waiting for …`. */
  readonly what: string;
}

/** Settles as `step` does, and tells people at a terminal of it where it takes more than a second. */
export async function withProgress<T>(
  { sink, isQuiet, what }: ProgressOptions,
  step: () => Promise<T>,
): Promise<T> {
  if (isQuiet) return step();
  const progress = new ProgressLine(sink, systemClock);
  progress.update([what]);
  try {
    return await step();
  } finally {
    progress.stop();
  }
}
