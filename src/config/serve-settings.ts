import { auditSettings } from './audit-settings.ts';
import { callerSettings } from './caller-settings.ts';
import { clusterSettings } from './cluster-settings.ts';
import { distributionSettings } from './distribution-settings.ts';
import { drainSettings } from './drain-settings.ts';
import { passThroughSettings } from './pass-through-settings.ts';
import { istiodSettings } from './istiod-settings.ts';
import { listenSettings } from './listen-settings.ts';
import { loadSettings } from './load-settings.ts';
import { loggingSettings } from './logging-settings.ts';
import { meshSettings } from './mesh-settings.ts';
import { servingSettings } from './serving-settings.ts';
import { file } from './setting-parsers.ts';
import type { Setting } from './setting.ts';
import { signingSettings } from './signing-settings.ts';
import { openTelemetrySettings } from './open-telemetry-settings.ts';

/**
 * The settings of `serve`. Flags and variables carry istiod's names where istiod has them, so that
 * what its users know keeps its meaning.
 */
export const serveSettings = {
  /** Read before the others. */
  settingsFile: {
    ...file('config', 'the settings below in a YAML file, by flag or variable; those win'),
    env: 'ISTIO_RA_CONFIG',
  },
  ...clusterSettings,
  ...meshSettings,
  ...listenSettings,
  ...servingSettings,
  ...signingSettings,
  ...callerSettings,
  ...loadSettings,
  ...drainSettings,
  ...distributionSettings,
  ...passThroughSettings,
  ...auditSettings,
  ...loggingSettings,
  ...openTelemetrySettings,
  ...istiodSettings,
} satisfies Record<string, Setting<unknown>>;

/** Each setting's names: its flag, its variable. */
export const settingNames: readonly (readonly string[])[] = Object.values<Setting<unknown>>(
  serveSettings,
).map(({ flag, env }) => [flag, env].filter((name) => name !== undefined));
