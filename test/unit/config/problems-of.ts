import { parseRaConfig } from '../../../src/config/ra-config.ts';
import type { RaConfig } from '../../../src/config/ra-config.ts';
import { ConfigError } from '../../../src/config/setting.ts';
import type { SettingTexts } from '../../../src/config/setting.ts';

/** The least that is to be set. */
export const enough = { CERT_SIGNER_DOMAIN: 'clusterissuers.cert-manager.io' };

/** The configuration with this besides the least. */
export function configOf({ env, flags = {}, file }: Partial<SettingTexts>): RaConfig {
  return parseRaConfig({ env: { ...enough, ...env }, flags, file });
}

/** What is wrong with it, line by line. */
export function problemsOf(texts: Partial<SettingTexts>): readonly string[] {
  try {
    configOf(texts);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}
