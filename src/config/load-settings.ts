import { parseGoDuration } from '../base/go-duration.ts';
import { parseSignerName } from '../mesh/signer-name.ts';
import type { Setting, SettingReader } from './setting.ts';
import { list, oneOf } from './setting-parsers.ts';

/** YAML as Helm reads it has `off` without quotes as false, and `on` as true. */
const on = ['on', 'true'] as const;
const off = ['off', 'false'] as const;

/** What is borne, for how long, and how a replica leaves. */
export interface LoadConfig {
  /** Whether each pod and node agent may ask only so often. */
  readonly rateLimits: boolean;
  /** How long a stopping replica goes on taking calls, in milliseconds: until clients are sent elsewhere. */
  readonly drainDelayMs: number;
  /** How long single signers may take, in milliseconds, by full name. */
  readonly signerBudgetsMs: Readonly<Record<string, number>>;
}

const longestDelayMs = 30_000;

function drainDelay(value: string): number {
  const ms = parseGoDuration(value);
  if (ms > longestDelayMs) throw new Error('must be at most 30s, or Kubernetes ends the pod first');
  return ms;
}

function signerBudgets(value: string): Readonly<Record<string, number>> {
  const budgets: Record<string, number> = {};
  for (const item of list(value)) {
    const [name = '', duration = '', ...rest] = item.split('=');
    if (duration === '' || rest.length > 0) {
      throw new Error('must be <full signer name>=<duration>, several joined by commas');
    }
    const ms = parseGoDuration(duration);
    if (ms < 1_000) throw new Error(`${name}: must be at least 1s`);
    budgets[parseSignerName(name)] = ms;
  }
  return budgets;
}

export const loadSettings = {
  rateLimits: {
    env: 'RATE_LIMITS',
    help: 'off: a pod, or a node agent, may ask as often as it likes',
    placeholder: '<on|off>',
    fallback: 'on',
    parse: (value: string) => on.some((each) => each === oneOf([...on, ...off])(value)),
  },
  drainDelay: {
    env: 'DRAIN_DELAY',
    help: 'how long a stopping replica still takes calls, until clients are sent to others',
    placeholder: '<duration>',
    fallback: '5s',
    parse: drainDelay,
  },
  signerBudgets: {
    env: 'SIGNER_BUDGETS',
    help: 'how long single signers may take, where that is less than REQUEST_BUDGET',
    placeholder: '<name=duration,…>',
    parse: signerBudgets,
  },
} satisfies Record<string, Setting<unknown>>;

export function readLoad(reader: SettingReader): LoadConfig {
  return {
    rateLimits: reader.need(loadSettings.rateLimits),
    drainDelayMs: reader.need(loadSettings.drainDelay),
    signerBudgetsMs: reader.read(loadSettings.signerBudgets) ?? {},
  };
}
