import { readFile } from 'node:fs/promises';
import { messageOf } from '../base/error-message.ts';
import { serveSettings, settingNames } from '../config/serve-settings.ts';
import { parseSettingsFile, unusable } from '../config/settings-file.ts';
import type { SettingsFile, SettingTexts } from '../config/setting.ts';

const { flag, env: variable } = serveSettings.settingsFile;

/**
 * The settings file that the flag names, else the variable; undefined where neither does. Never throws:
 * what is wrong with the file is told together with what is wrong with the other settings.
 */
export async function readNamedSettingsFile({
  flags,
  env,
}: Pick<SettingTexts, 'flags' | 'env'>): Promise<SettingsFile | undefined> {
  const typed = flags[flag];
  const path = typed ?? env[variable] ?? '';
  // An empty variable means "not set", as for all settings; an empty flag is a mistake.
  if (typed === undefined && path === '') return undefined;
  try {
    return parseSettingsFile(await readFile(path, 'utf8'), { path, settings: settingNames });
  } catch (error) {
    const problem = messageOf(error);
    const source = typed === undefined ? variable : `--${flag}`;
    return unusable(path, `cannot read the file that ${source} names: ${problem}`);
  }
}
