import { join } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { createLogger } from '../base/logger.ts';
import { parseRaConfig } from '../config/ra-config.ts';
import { serveSettings } from '../config/serve-settings.ts';
import type { Setting } from '../config/setting.ts';
import type { CommandRun } from './command-run.ts';
import { formatTable } from './terminal.ts';
import { untilSignal } from './until-signal.ts';

const settings: readonly Setting<unknown>[] = Object.values(serveSettings);

const examples = `
Examples:
  in a pod, beside a mesh config mounted as istiod has it
    CERT_SIGNER_DOMAIN=clusterissuers.cert-manager.io istio-ra serve
  from a laptop, against a cluster
    CERT_SIGNER_DOMAIN=clusterissuers.cert-manager.io istio-ra serve \\
      --kubeconfig ~/.kube/config --meshConfig mesh.yaml \\
      --tlsCertFile tls.crt --tlsKeyFile tls.key --secureGRPCAddr 127.0.0.1:15012
`;

/** `istio-ra serve`: the registration authority, until a signal ends it. */
export function serveCommand(run: CommandRun): Command {
  const command = new Command('serve').description('serve CreateCertificate to a mesh');
  for (const { flag, placeholder, help, fallback } of settings) {
    if (flag === undefined) continue;
    const shown = fallback === undefined ? help : `${help} (default: ${fallback})`;
    command.option(`--${flag} ${placeholder}`, shown);
  }
  return command
    .addHelpText('after', () => `\nEnvironment:\n${environmentTable()}${examples}`)
    .action(async (flags: Record<string, string | undefined>) => {
      await serve(flags, run);
    });
}

function environmentTable(): string {
  const rows = settings.flatMap(({ env, help, fallback }) =>
    env === undefined
      ? []
      : [[`  ${env}`, fallback === undefined ? help : `${help} (default: ${fallback})`]],
  );
  return formatTable(rows);
}

async function serve(
  flags: Readonly<Record<string, string | undefined>>,
  { environment, version }: CommandRun,
): Promise<void> {
  const config = parseRaConfig({ flags, env: environment.env });
  const log = createLogger({ level: config.logLevel });
  const stopAsked = untilSignal();
  const { startApp } = await import('../app/app.ts');
  const app = await startApp(config, {
    clock: systemClock,
    random: Math.random,
    log,
    protoDirectory: join(environment.root, 'proto'),
    version,
  });
  const signal = await stopAsked;
  log.info('stopping', { signal });
  await app.stop();
  log.info('stopped');
}
