import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { openCluster } from '../kube/client-node/open-cluster.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/error-message.ts';
import { silentLogger } from '../base/logger.ts';
import { checkCluster } from '../check/check-cluster.ts';
import type { CheckResult } from '../check/check.ts';
import type { CheckPorts } from '../check/ports.ts';
import { unreachableCluster } from '../check/unreachable-cluster.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { ServiceAccountName } from '../kube/cluster-inspection.ts';
import { countResults, describeResults } from './check-report.ts';
import type { CommandRun } from './command-run.ts';
import { exitCodes } from './exit-codes.ts';
import { jsonDocument, outputOption, quietOption } from './output-options.ts';
import type { OutputForm } from './output-options.ts';
import { ProgressLine } from './progress-line.ts';
import { addSettingOptions, environmentTable, readSettings } from './setting-options.ts';
import { tableWidth } from './text-table.ts';
import { stylerFor } from './terminal.ts';
import { untilSignal } from './until-signal.ts';
import { UsageError } from './workspace.ts';

const usualAccount = 'istio-ra';

interface Flags {
  readonly account?: string;
  readonly canary?: true;
  readonly output: OutputForm;
  readonly quiet?: true;
}

const after = `
Examples:
  before the installation, from a laptop
    CERT_SIGNER_DOMAIN=clusterissuers.cert-manager.io istio-ra check --kubeconfig ~/.kube/config
  with a certificate from each signer, for a key that is thrown away
    istio-ra check --config settings.yaml --canary
  in the pod, with the settings of the istio-ra that runs there
    kubectl exec -n istio-system deploy/istio-ra -- istio-ra check
It takes the settings of \`istio-ra serve\`. docs/check.md has a section for each check.

Exit status: 0 no check failed with an error, 1 one did, 2 the settings cannot be used.
`;

/** `istio-ra check`: what keeps `serve` from working with these settings, and what to do about it? */
export function checkCommand(run: CommandRun): Command {
  const command = new Command('check').description(
    'look at settings, cluster and signers for what would keep serve from working',
  );
  addSettingOptions(command);
  return command
    .option(
      '--account <ns/name>',
      'the account of istio-ra (default: POD_NAMESPACE and SERVICE_ACCOUNT, istio-system/istio-ra)',
    )
    .option('--canary', 'have each signer sign once, for a key that is thrown away')
    .addOption(quietOption('show only what is not ok'))
    .addOption(outputOption())
    .addHelpText('after', () => `\nEnvironment:\n${environmentTable(run.environment)}${after}`)
    .action(async () => {
      await check(command, run);
    });
}

async function check(command: Command, run: CommandRun): Promise<void> {
  const flags = command.opts<Flags>();
  const { environment } = run;
  const typed = flags.account === undefined ? undefined : parseAccount(flags.account);
  const config = await readSettings(command, environment.env);
  const { podNamespace: namespace, serviceAccount: name = usualAccount } = config;
  const account = typed ?? { namespace, name };
  const progress = new ProgressLine(environment.err, systemClock);
  const results = await resultsOf(config, run, { account, flags, progress }).finally(() => {
    progress.stop();
  });
  const quiet = flags.quiet === true;
  const { out, env } = environment;
  const looks = { styled: stylerFor(out, env), quiet, width: tableWidth(out) };
  out.write(flags.output === 'json' ? asJson(results, quiet) : describeResults(results, looks));
  if (countResults(results).errors > 0) run.exitWith(exitCodes.failed);
}

function parseAccount(text: string): ServiceAccountName {
  const [namespace = '', name = '', ...rest] = text.split('/');
  if (namespace !== '' && name !== '' && rest.length === 0) return { namespace, name };
  throw new UsageError('--account must be <namespace>/<name>, such as istio-system/istio-ra');
}

function asJson(results: readonly CheckResult[], quiet: boolean): string {
  const checks = quiet ? results.filter(({ verdict }) => verdict !== 'ok') : results;
  return jsonDocument({ counts: countResults(results), checks });
}

interface Wanted {
  readonly account: ServiceAccountName;
  readonly flags: Flags;
  readonly progress: ProgressLine;
}

async function resultsOf(
  config: RaConfig,
  { version }: CommandRun,
  { account, flags, progress }: Wanted,
): Promise<readonly CheckResult[]> {
  const stopping = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    stopping.abort(new Error(`${signal} came`));
  };
  const { kubernetes: access } = config;
  const options = { kubernetes: access, clock: systemClock, log: silentLogger, version };
  const kubernetes = await openCluster(options).catch(messageOf);
  if (typeof kubernetes === 'string') return [unreachableCluster(kubernetes)];
  // Without canaries there is nothing to clean up, and a signal may end us as it likes.
  if (flags.canary === true) void untilSignal().then(onSignal);
  const ports: CheckPorts = {
    ...kubernetes,
    clockSkewMs: () => kubernetes.state().clockSkewMs,
    readText,
    clock: systemClock,
  };
  try {
    return await checkCluster(config, ports, {
      account,
      makesCanaries: flags.canary === true,
      signal: stopping.signal,
      onProgress: (running) => {
        progress.update(running);
      },
    });
  } finally {
    await kubernetes.close();
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
