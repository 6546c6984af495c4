import { logScopes } from '../base/log-scopes.ts';
import type { LogScope } from '../base/log-scopes.ts';
import { logLevels } from '../base/logger.ts';
import type { LogLevel, LogLevels } from '../base/logger.ts';
import type { Setting, SettingReader } from './setting.ts';
import { list, oneOf } from './setting-parsers.ts';

/** What is logged. */
export interface LoggingConfig extends LogLevels {
  /** Scopes that were given a level and are not ours. */
  readonly unknownScopes: readonly string[];
}

interface OutputLevels {
  readonly default: LogLevel | undefined;
  readonly scopes: Readonly<Partial<Record<LogScope, LogLevel>>>;
  readonly unknownScopes: readonly string[];
}

/** In Istio's words; lines that are fatal there are errors here, so that `fatal` leaves out all. */
function istioLevel(value: string): LogLevel {
  const levels = [...logLevels, 'fatal'] as const;
  const level = oneOf(levels)(value);
  return level === 'fatal' ? 'none' : level;
}

/** `scope:level`, several joined by commas; `default`, or no scope, is for those that are not named. */
function outputLevels(value: string): OutputLevels {
  let common: LogLevel | undefined;
  let everywhere: LogLevel | undefined;
  const named = new Map<string, LogLevel>();
  for (const item of list(value)) {
    const [scope, level, ...rest] = item.includes(':') ? item.split(':') : ['default', item];
    if (rest.length > 0) throw new Error('must be <scope>:<level>, several joined by commas');
    const parsed = istioLevel(level ?? '');
    if (scope === 'all') everywhere = parsed;
    else if (scope === 'default') common = parsed;
    else named.set(scope ?? '', parsed);
  }
  const known = everywhere === undefined ? logScopes.filter((scope) => named.has(scope)) : [];
  return {
    default: everywhere ?? common,
    scopes: Object.fromEntries(known.map((scope) => [scope, named.get(scope)])),
    unknownScopes: [...named.keys()].filter((name) => !logScopes.some((scope) => scope === name)),
  };
}

export const loggingSettings = {
  logLevel: {
    flag: 'logLevel',
    help: `least severe lines to print: ${logLevels.join(', ')}`,
    placeholder: '<level>',
    fallback: 'info',
    parse: oneOf<LogLevel>(logLevels),
  },
  logOutputLevel: {
    flag: 'log_output_level',
    help: `the same by scope, such as default:info,kube:debug; scopes: ${logScopes.join(', ')}`,
    placeholder: '<scope:level,…>',
    parse: outputLevels,
  },
} satisfies Record<string, Setting<unknown>>;

/** `--log_output_level` wins over `--logLevel` where it says something. */
export function readLogging(reader: SettingReader): LoggingConfig {
  const level = reader.need(loggingSettings.logLevel);
  const levels = reader.read(loggingSettings.logOutputLevel);
  return {
    default: levels?.default ?? level,
    scopes: levels?.scopes ?? {},
    unknownScopes: levels?.unknownScopes ?? [],
  };
}
