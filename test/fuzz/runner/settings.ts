import { randomInt } from 'node:crypto';

export interface FuzzSettings {
  readonly seed: number;
  /** How long all targets may take together, in milliseconds; Infinity where cases bound the run. */
  readonly budgetMs: number;
  /** How many requests; the other targets get a share of it. Infinity where time bounds the run. */
  readonly cases: number;
  /** Nothing may be skipped: a missing tool fails what needs it. */
  readonly mustRunAll: boolean;
}

const defaultSeconds = 60;

/** FUZZ_SEED, FUZZ_SECONDS, FUZZ_CASES and CI. Throws an Error that names what is not a number. */
export function readSettings(env: NodeJS.ProcessEnv): FuzzSettings {
  const cases = readNumber(env, 'FUZZ_CASES');
  const seconds =
    readNumber(env, 'FUZZ_SECONDS') ?? (cases === undefined ? defaultSeconds : undefined);
  return {
    seed: readNumber(env, 'FUZZ_SEED') ?? randomInt(0x1_0000_0000),
    budgetMs: seconds === undefined ? Infinity : seconds * 1000,
    cases: cases ?? Infinity,
    mustRunAll: env['CI'] === 'true',
  };
}

function readNumber(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,10}$/.test(text))
    throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}
