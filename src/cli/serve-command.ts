import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { createLogger } from '../base/logger.ts';
import { flagsWithoutEffect, refusedFlags } from '../config/istiod-settings.ts';
import { parseRaConfig } from '../config/ra-config.ts';
import { serveSettings, settingNames } from '../config/serve-settings.ts';
import { parseSettingsFile, unusable } from '../config/settings-file.ts';
import type { Setting, SettingsFile } from '../config/setting.ts';
import type { CommandRun } from './command-run.ts';
import { formatTable } from './terminal.ts';
import { untilSignal } from './until-signal.ts';

const settings: readonly Setting<unknown>[] = Object.values(serveSettings);

const examples = `
Examples:
  in a pod, with istiod's mesh config
    CERT_SIGNER_DOMAIN=clusterissuers.cert-manager.io istio-ra serve
  from a laptop, against a cluster
    CERT_SIGNER_DOMAIN=clusterissuers.cert-manager.io istio-ra serve \\
      --kubeconfig ~/.kube/config --meshConfig mesh.yaml \\
      --tlsCertFile tls.crt --tlsKeyFile tls.key --secureGRPCAddr 127.0.0.1:15012
  with all of that in a file
    istio-ra serve --config settings.yaml
`;

/** What was typed, by the names of the flags. */
type TypedFlags = Readonly<Record<string, string | undefined>>;

/** `istio-ra serve`: the registration authority, until a signal ends it. */
export function serveCommand(run: CommandRun): Command {
  const command = new Command('serve').description('serve CreateCertificate to a mesh');
  for (const { flag, placeholder, help, fallback } of settings) {
    if (flag === undefined) continue;
    const shown = fallback === undefined ? help : `${help} (default: ${fallback})`;
    command.option(`--${flag} ${placeholder}`, shown);
  }
  for (const flag of [...flagsWithoutEffect, ...refusedFlags]) {
    command.addOption(command.createOption(`--${flag} [value]`).hideHelp());
  }
  return command
    .addHelpText('after', () => `\nEnvironment:\n${environmentTable()}${examples}`)
    .action(async () => {
      await serve(typedFlags(command), run);
    });
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

function environmentTable(): string {
  const rows = settings.flatMap(({ env, help, fallback }) =>
    env === undefined
      ? []
      : [[`  ${env}`, fallback === undefined ? help : `${help} (default: ${fallback})`]],
  );
  return formatTable(rows);
}

async function readSettingsFile(path: string | undefined): Promise<SettingsFile | undefined> {
  if (path === undefined) return undefined;
  try {
    return parseSettingsFile(await readFile(path, 'utf8'), { path, settings: settingNames });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return unusable(path, `cannot read the file that --config names: ${problem}`);
  }
}

async function serve(flags: TypedFlags, { environment, version }: CommandRun): Promise<void> {
  const { env } = environment;
  const file = await readSettingsFile(flags[serveSettings.settingsFile.flag]);
  const config = parseRaConfig({ flags, env, file });
  const { default: level, scopes } = config.logging;
  const log = createLogger({ level, scopes });
  const stopping = new AbortController();
  const stopAsked = untilSignal();
  void stopAsked.then((signal) => {
    stopping.abort(new Error(`${signal} came before the start was over`));
  });
  const { startApp } = await import('../app/app.ts');
  const app = await startApp(config, {
    clock: systemClock,
    random: Math.random,
    log,
    protoDirectory: join(environment.root, 'proto'),
    pageDirectory: join(environment.root, 'page'),
    version,
    stopAsked: stopping.signal,
  });
  const signal = await stopAsked;
  log.info('stopping', { signal });
  await app.stop();
  log.info('stopped');
}
