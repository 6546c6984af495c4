import { setImmediate as yieldToEvents } from 'node:timers/promises';

export interface PaceOptions {
  readonly cases: number;
  readonly budgetMs: number;
  /** Told now and then how far a long run is. */
  readonly progress: (line: string) => void;
}

const casesPerTurn = 100;
const progressEveryMs = 10_000;

/**
 * Runs `one` for each number from 0 until the cases or the time are used up, and lets events in
 * between. Returns how many there were and how long they took.
 */
export async function runCases(
  { cases, budgetMs, progress }: PaceOptions,
  one: (index: number) => void | Promise<void>,
): Promise<{ readonly cases: number; readonly ms: number }> {
  const start = performance.now();
  let saidAt = start;
  let index = 0;
  while (index < cases && performance.now() - start < budgetMs) {
    const end = Math.min(cases, index + casesPerTurn);
    for (; index < end; index += 1) {
      const more = one(index);
      if (more !== undefined) await more;
    }
    await yieldToEvents();
    if (performance.now() - saidAt > progressEveryMs) {
      saidAt = performance.now();
      progress(`${index} cases, ${perSecond(index, saidAt - start)} cases/s`);
    }
  }
  return { cases: index, ms: performance.now() - start };
}

export function perSecond(cases: number, ms: number): number {
  return Math.round(cases / Math.max(ms / 1000, 0.001));
}
