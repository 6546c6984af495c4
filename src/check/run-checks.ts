import type { Clock } from '../base/clock.ts';
import { abortable, withDeadline } from '../base/deadline.ts';
import { skipped } from './check.ts';
import type { Check, CheckResult, CheckVerdict } from './check.ts';
import { factOf } from './fact.ts';

export interface RunOptions {
  readonly clock: Clock;
  /** Ends all checks; what they made they still take away. */
  readonly signal: AbortSignal;
  /** Told whenever checks begin or end: the names of those under way. */
  readonly onProgress?: ((running: readonly string[]) => void) | undefined;
}

const usualLimitMs = 5_000;
const maxAtOnce = 8;
const manual = 'docs/check.md';

/** A check's name for people: its id, with what it is about. */
export function nameOf({ id, about }: Pick<Check, 'id' | 'about'>): string {
  return about === undefined ? id : `${id} ${about}`;
}

/** Runs all of them, some at a time, each for itself: one that throws fails and the others go on. */
export async function runChecks(
  checks: readonly Check[],
  options: RunOptions,
): Promise<readonly CheckResult[]> {
  const running = new Set<string>();
  const results: CheckResult[] = [];
  const waiting = [...checks.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, check] = next;
      running.add(nameOf(check));
      options.onProgress?.([...running]);
      results[at] = resultOf(check, await verdictOf(check, options));
      running.delete(nameOf(check));
    }
  };
  await Promise.all(Array.from({ length: maxAtOnce }, worker));
  options.onProgress?.([]);
  return results;
}

async function verdictOf(
  check: Check,
  { clock, signal: parent }: RunOptions,
): Promise<CheckVerdict> {
  const ms = check.limitMs ?? usualLimitMs;
  const reason = (): Error => new Error(`there was no answer within ${ms / 1000} s`);
  try {
    return await withDeadline({ clock, ms, reason, parent }, (signal) => {
      const work = Promise.resolve(check.run(signal));
      // One that cleans up after itself is waited for: its own deadline ends it.
      return check.limitMs === undefined ? abortable(work, signal) : work;
    });
  } catch (error) {
    const fact = factOf(error);
    const because = fact.kind === 'unknown' ? fact.because : '';
    if (fact.kind === 'unknown' && !fact.isFault) return skipped(because);
    const fix = 'see whether the API server answers, and run this again';
    return { kind: 'failed', text: `could not be run: ${because}`, fix };
  }
}

/** A verdict with what it is of. */
export function resultOf(
  { id, about, severity }: Pick<Check, 'id' | 'about' | 'severity'>,
  verdict: CheckVerdict,
): CheckResult {
  const common = { id, about, severity, verdict: verdict.kind, link: `${manual}#${id}` };
  switch (verdict.kind) {
    case 'ok':
      return { ...common, text: verdict.text };
    case 'skipped':
      return { ...common, text: verdict.because };
    case 'failed':
      return {
        ...common,
        severity: verdict.severity ?? severity,
        text: verdict.text,
        fix: verdict.fix,
      };
  }
}
