import { parseGoDuration } from '../base/go-duration.ts';
import type { Setting, SettingReader } from './setting.ts';

/** How a replica that was asked to stop leaves, in the order in which it does; all in milliseconds. */
export interface DrainConfig {
  /** For how long it goes on taking calls: until clients are sent elsewhere. */
  readonly delayMs: number;
  /** How long calls under way may take to finish after that. */
  readonly callsMs: number;
  /** How long connections that are passed on whole have to end by themselves. */
  readonly connectionsMs: number;
}

const callsMs = 20_000;
const connectionsMs = 5_000;
const maxDelayMs = 30_000;

function drainDelay(value: string): number {
  const ms = parseGoDuration(value);
  if (ms > maxDelayMs) throw new Error('must be at most 30s, or Kubernetes ends the pod first');
  return ms;
}

export const drainSettings = {
  drainDelay: {
    env: 'DRAIN_DELAY',
    help: 'how long a stopping replica still takes calls, until clients are sent to others',
    placeholder: '<duration>',
    fallback: '5s',
    parse: drainDelay,
  },
} satisfies Record<string, Setting<unknown>>;

export function readDrain(reader: SettingReader): DrainConfig {
  return { delayMs: reader.need(drainSettings.drainDelay), callsMs, connectionsMs };
}
