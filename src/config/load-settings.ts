import { parseGoDuration } from '../base/go-duration.ts';
import { parseSignerName } from '../mesh/signer-name.ts';
import type { Setting, SettingReader } from './setting.ts';
import { list, oneOf } from './setting-parsers.ts';

/** YAML as Helm reads it has `off` without quotes as false, and `on` as true. */
const on = ['on', 'true'] as const;
const off = ['off', 'false'] as const;

/** What is borne, and for how long. */
export interface LoadConfig {
  /** Whether each pod and node agent may ask only so often. */
  readonly rateLimits: boolean;
  /** How long single signers may take, in milliseconds, by full name. */
  readonly signerBudgetsMs: Readonly<Record<string, number>>;
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
    signerBudgetsMs: reader.read(loadSettings.signerBudgets) ?? {},
  };
}
