import { Command, Option } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { keyAlgorithms } from '../../pki/key-algorithm.ts';
import type { CommandRun } from '../command-run.ts';
import { quietOption } from '../output-options.ts';
import { untilSignal } from '../until-signal.ts';
import { agentGracePeriod } from './renewal-time.ts';
import { parseRequestFlags } from './request-plan.ts';
import type { RequestFlags, RequestPlan } from './request-plan.ts';

const after = `
With --watch it stays and renews as istio-agent does: with a new key each time, when the share
--grace-period-ratio of the lifetime is left; what agents retry, it retries. A line tells of each
certificate (with -o json a JSON line). A refusal ends it only before the first certificate. SIGINT
or SIGTERM end it with status 0.

Exit status: 0 issued, 1 failed, 2 wrong usage, 3 not authenticated, 4 refused, 5 request not
acceptable, 6 unavailable (try again), 7 the answer does not verify.

Examples:
  against the sandbox (npm start)
    istio-ra request --root .sandbox/root.pem --server-name istiod.istio-system.svc \\
      --token .sandbox/tokens/foo-httpbin --signer foo
  keep what a workload needs: key.pem, cert-chain.pem, root-cert.pem
    istio-ra request ... --out-dir ./certificate
  and keep it renewed
    istio-ra request ... --out-dir ./certificate --watch
`;

/** `istio-ra request`: what a sidecar does to get its certificate, once or as long as it runs. */
export function requestCommand(run: CommandRun): Command {
  const command = new Command('request').description(
    'make a key and CSR, get them signed as a sidecar does, verify and show the chain',
  );
  addCallOptions(command);
  addResultOptions(command);
  return command.addHelpText('after', after).action(async (flags: RequestFlags) => {
    const plan = parseRequestFlags(flags);
    run.exitWith(await (flags.watch === true ? watch(plan, run) : once(plan, run)));
  });
}

function addCallOptions(command: Command): void {
  command
    .option('--address <host:port>', 'where CreateCertificate is served', '127.0.0.1:15012')
    .requiredOption('--root <file>', 'roots that verify the server, PEM')
    .option('--server-name <name>', "the name in the server's certificate, where not the host's")
    .option('--token <file>', 'service account token with audience istio-ca')
    .option('--identity <uri>', "SPIFFE id to ask for; by default the token's")
    .option('--trust-domain <domain>', 'trust domain of the default identity', 'cluster.local')
    .option('--signer <name>', 'signer to ask for, as ISTIO_META_CERT_SIGNER has it')
    .option('--impersonate <uri>', 'identity of a workload, for a trusted node agent')
    .option('--cluster-id <id>', 'the id of the cluster that the token is of')
    .option('--ttl <duration>', 'validity to ask for', '24h')
    .addOption(new Option('--key <kind>', 'kind of key').choices(keyAlgorithms).default('rsa-2048'))
    .option('--timeout <duration>', 'how long to wait', '90s');
}

function addResultOptions(command: Command): void {
  const { ratio, jitter } = agentGracePeriod;
  command
    .option('--watch', 'stay, and keep the certificate renewed')
    .option(
      '--grace-period-ratio <share>',
      'the share of a lifetime that is left when it is renewed (SECRET_GRACE_PERIOD_RATIO of istio-agent)',
      String(ratio),
    )
    .option(
      '--grace-period-ratio-jitter <share>',
      'by how much that is moved at most (SECRET_GRACE_PERIOD_RATIO_JITTER)',
      String(jitter),
    )
    .option('--out-dir <folder>', 'leave key.pem, cert-chain.pem and root-cert.pem there')
    .addOption(
      new Option('-o, --output <form>', 'what to show; dir: only which files were written to --out')
        .choices(['table', 'json', 'dir'])
        .default('table'),
    )
    .option('--out <folder>', 'where -o dir writes', './certificate')
    .addOption(quietOption('show nothing but errors'));
}

async function once(plan: RequestPlan, { environment }: CommandRun): Promise<number> {
  // Loaded here, so that --help and wrong usage answer at once.
  const { requestOnce } = await import('./perform-request.ts');
  return requestOnce(plan, { environment, clock: systemClock, random: Math.random });
}

async function watch(plan: RequestPlan, { environment }: CommandRun): Promise<number> {
  const stopping = new AbortController();
  void untilSignal().then((signal) => {
    stopping.abort(new Error(`${signal} came`));
  });
  const { requestAndWatch } = await import('./perform-request.ts');
  const edges = { environment, clock: systemClock, random: Math.random };
  return requestAndWatch(plan, edges, stopping.signal);
}
