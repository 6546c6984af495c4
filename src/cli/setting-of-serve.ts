import type { Setting } from '../config/setting.ts';
import { SettingReader } from '../config/setting.ts';
import { readNamedSettingsFile } from './named-settings-file.ts';
import type { CommandEnvironment } from './terminal.ts';

/**
 * One setting as a `serve` with this environment has it: of its variable, else of the file that
 * ISTIO_RA_CONFIG names. It is for commands that work with what `serve` does and take no flags of it.
 * Throws ConfigError where the setting or the file cannot be used.
 */
export async function readSettingOfServe<T>(
  setting: Setting<T> & { readonly fallback: string },
  env: CommandEnvironment['env'],
): Promise<T> {
  const reader = new SettingReader({
    flags: {},
    env,
    file: await readNamedSettingsFile({ flags: {}, env }),
  });
  const value = reader.need(setting);
  reader.finish();
  return value;
}
