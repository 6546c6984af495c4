import { randomInt } from 'node:crypto';

/** How long, how hard, and what may rise by how much in a minute. */
export interface SoakSettings {
  readonly seed: number;
  readonly durationMs: number;
  readonly isShort: boolean;
  readonly requestsPerSecond: number;
  readonly sampleEveryMs: number;
  /** Slopes beyond these fail: MiB, file descriptors and API objects a minute. */
  readonly maxMemory: number;
  /** As `maxMemory`, of what a garbage collection leaves. */
  readonly maxLive: number;
  readonly maxDescriptors: number;
  readonly maxObjects: number;
}

const defaultSeconds = 600;
const shortSeconds = 40;

/** SOAK_SECONDS, SOAK_SEED, SOAK_RATE and SOAK=short. Throws an Error that names what is no number. */
export function readSoakSettings(env: NodeJS.ProcessEnv): SoakSettings {
  const isShort = env['SOAK'] === 'short';
  const seconds = readNumber(env, 'SOAK_SECONDS') ?? (isShort ? shortSeconds : defaultSeconds);
  if (seconds < 20) throw new Error('SOAK_SECONDS must be at least 20');
  return {
    ...bounds(seconds),
    seed: readNumber(env, 'SOAK_SEED') ?? randomInt(0x1_0000_0000),
    durationMs: seconds * 1000,
    isShort,
    requestsPerSecond: readNumber(env, 'SOAK_RATE') ?? 15,
    sampleEveryMs: seconds < 300 ? 1_000 : 2_000,
  };
}

/** Code is still being compiled, and heaps still grow to their size, in the first minutes. */
function bounds(
  seconds: number,
): Pick<SoakSettings, 'maxMemory' | 'maxLive' | 'maxDescriptors' | 'maxObjects'> {
  if (seconds < 300) return { maxMemory: 400, maxLive: 40, maxDescriptors: 60, maxObjects: 240 };
  if (seconds < 600) return { maxMemory: 20, maxLive: 2, maxDescriptors: 10, maxObjects: 20 };
  return { maxMemory: 1, maxLive: 0.5, maxDescriptors: 2, maxObjects: 6 };
}

function readNumber(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,10}$/.test(text)) {
    throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}`);
  }
  return Number(text);
}
