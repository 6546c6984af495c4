import { join } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { createLogger } from '../base/logger.ts';
import type { LogLevel } from '../base/logger.ts';
import { currentMemoryLimit } from '../base/memory-limit.ts';
import type { CommandRun } from './command-run.ts';
import { quietOption } from './output-options.ts';
import { addSettingOptions, environmentTable, readSettings } from './setting-options.ts';
import { untilSignal } from './until-signal.ts';

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

/** `istio-ra serve`: the registration authority, until a signal ends it. */
export function serveCommand(run: CommandRun): Command {
  const command = new Command('serve').description('serve CreateCertificate to a mesh');
  addSettingOptions(command);
  return command
    .addOption(quietOption('log warnings and errors alone'))
    .addHelpText('after', () => `\nEnvironment:\n${environmentTable(run.environment)}${examples}`)
    .action(async () => {
      await serve(command, run);
    });
}

function isQuiet(command: Command): boolean {
  return command.opts<{ readonly quiet?: true }>().quiet === true;
}

function quieter(level: LogLevel): LogLevel {
  return level === 'debug' || level === 'info' ? 'warn' : level;
}

async function serve(command: Command, { environment, version }: CommandRun): Promise<void> {
  const config = await readSettings(command, environment.env);
  const { default: level, scopes } = config.logging;
  const log = createLogger({ level: isQuiet(command) ? quieter(level) : level, scopes });
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
    memoryLimit: currentMemoryLimit(),
    stopAsked: stopping.signal,
  });
  const signal = await stopAsked;
  log.info('stopping', { signal });
  await app.stop();
  log.info('stopped');
}
