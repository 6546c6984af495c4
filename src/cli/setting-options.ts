import type { Command } from 'commander';
import { flagsWithoutEffect, refusedFlags } from '../config/istiod-settings.ts';
import { parseRaConfig } from '../config/ra-config.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { serveSettings } from '../config/serve-settings.ts';
import type { Setting } from '../config/setting.ts';
import { readNamedSettingsFile } from './named-settings-file.ts';
import { formatTable, tableWidth } from './text-table.ts';
import type { CommandEnvironment } from './terminal.ts';

const settings: readonly Setting<unknown>[] = Object.values(serveSettings);

/** What was typed, by the names of the flags. */
type TypedFlags = Readonly<Record<string, string | undefined>>;

/** Gives a command the flags of the settings that `serve` has. */
export function addSettingOptions(command: Command): void {
  for (const { flag, placeholder, help, fallback } of settings) {
    if (flag === undefined) continue;
    const shown = fallback === undefined ? help : `${help} (default: ${fallback})`;
    command.option(`--${flag} ${placeholder}`, shown);
  }
  for (const flag of [...flagsWithoutEffect, ...refusedFlags]) {
    command.addOption(command.createOption(`--${flag} [value]`).hideHelp());
  }
}

/** What flags, environment and the settings file say together. Throws ConfigError. */
export async function readSettings(
  command: Command,
  env: CommandEnvironment['env'],
): Promise<RaConfig> {
  const flags = typedFlags(command);
  return parseRaConfig({ flags, env, file: await readNamedSettingsFile({ flags, env }) });
}

/** A flag that stands there without a value is a bool that is on. */
function typedFlags(command: Command): TypedFlags {
  const typed = command.options.map((option) => {
    const value: unknown = command.getOptionValue(option.attributeName());
    return [option.name(), value === true ? 'true' : value] as const;
  });
  return Object.fromEntries(typed.filter(isText));
}

function isText(pair: readonly [string, unknown]): pair is readonly [string, string] {
  return typeof pair[1] === 'string';
}

/** The variables, for `--help`. */
export function environmentTable({ out }: CommandEnvironment): string {
  const rows = settings.flatMap(({ env, help, fallback }) =>
    env === undefined
      ? []
      : [[`  ${env}`, fallback === undefined ? help : `${help} (default: ${fallback})`]],
  );
  return formatTable(rows, tableWidth(out));
}
