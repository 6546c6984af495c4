import { Command } from 'commander';
import type { Explanation } from '../debug/explainer.ts';
import { listenSettings } from '../config/listen-settings.ts';
import type { CommandRun } from './command-run.ts';
import { exitCodes } from './exit-codes.ts';
import { describeExplanation, describeVerdict } from './explanation-report.ts';
import { checkHostPort } from './host-port.ts';
import { jsonDocument, outputOption, quietOption } from './output-options.ts';
import type { OutputForm } from './output-options.ts';
import { tableWidth } from './text-table.ts';
import { readSettingOfServe } from './setting-of-serve.ts';
import { stylerFor } from './terminal.ts';
import type { CommandEnvironment } from './terminal.ts';
import { UnreachableError } from './unreachable-error.ts';
import { withProgress } from './with-progress.ts';
import { UsageError } from './workspace.ts';

const { debugAddress } = listenSettings;

interface Flags {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly signer?: string;
  readonly pod?: string;
  readonly nodeAgent?: string;
  readonly ttl?: string;
  readonly address?: string;
  readonly output: OutputForm;
  readonly quiet?: true;
}

const after = `
It asks an istio-ra that runs, on its loopback debug port:
  in the pod         kubectl exec -n istio-system deploy/istio-ra -- istio-ra explain …
                     (the port is that of the settings file that ISTIO_RA_CONFIG names)
  from a laptop      kubectl port-forward -n istio-system deploy/istio-ra 9876 &
                     istio-ra explain …
The answer comes from the code that decides on requests, not from a copy of it.

Exit status: 0 the request would be granted, 1 it would be refused or could not be explained, 6 no
istio-ra answers.
`;

/** `istio-ra explain`: which signer would this workload get, and why? */
export function explainCommand(run: CommandRun): Command {
  return new Command('explain')
    .description('say which signer a workload would get, from where, and why not another')
    .requiredOption('-n, --namespace <name>', 'namespace of the workload')
    .requiredOption('-s, --service-account <name>', 'its service account')
    .option('--signer <name>', 'the CertSigner that it sends')
    .option('--pod <name>', 'one of its pods, for ProxyConfigs that select by labels')
    .option(
      '--node-agent <ns/account>',
      'the node agent that asks for it, such as istio-system/ztunnel',
    )
    .option('--ttl <seconds>', 'the validity that it asks for')
    .option(
      '--address <host:port>',
      `debug port of istio-ra (default: debugAddr of the file in ISTIO_RA_CONFIG, else ${debugAddress.fallback})`,
    )
    .addOption(outputOption())
    .addOption(quietOption('show the verdict alone'))
    .addHelpText('after', after)
    .action(async (flags: Flags) => {
      const explanation = await ask(flags, run.environment);
      run.environment.out.write(shown(explanation, flags, run));
      if (explanation.verdict.kind === 'refused') run.exitWith(exitCodes.failed);
    });
}

function shown(explanation: Explanation, { output, quiet }: Flags, run: CommandRun): string {
  if (output === 'json') return jsonDocument(explanation);
  const { out, env } = run.environment;
  const styled = stylerFor(out, env);
  if (quiet === true) return describeVerdict(explanation, styled);
  return describeExplanation(explanation, { styled, width: tableWidth(out) });
}

const withinMs = 10_000;

/** Throws UsageError, ConfigError, UnreachableError, or an Error that holds what istio-ra has against the question. */
async function ask(flags: Flags, { err, env }: CommandEnvironment): Promise<Explanation> {
  const address = flags.address ?? (await readSettingOfServe(debugAddress, env));
  checkHostPort(address, '--address', debugAddress.fallback);
  const url = `http://${address}/debug/explain?${queryOf(flags).toString()}`;
  const progress = { sink: err, isQuiet: flags.quiet === true, what: `asking ${address}` };
  const answer = await withProgress(progress, () =>
    fetch(url, { signal: AbortSignal.timeout(withinMs) }),
  ).catch((cause: unknown) => {
    throw new UnreachableError(`no istio-ra answers on ${address}: ${whereToAsk}`, { cause });
  });
  const body = await readAnswer(answer);
  if (body === undefined) {
    throw new UnreachableError(
      `what answers on ${address} is not the debug port of istio-ra: ${whereToAsk}`,
    );
  }
  if ('error' in body) throw new Error(body.error);
  return body;
}

const whereToAsk =
  'run this in its pod, or forward its debug port (kubectl port-forward -n istio-system deploy/istio-ra 9876)';

function queryOf({ ttl, ...flags }: Flags): URLSearchParams {
  if (ttl !== undefined && !/^\d{1,9}$/.test(ttl)) {
    throw new UsageError('--ttl must be a number of seconds, such as 86400');
  }
  const { signer, pod, nodeAgent } = flags;
  const query = new URLSearchParams({
    namespace: flags.namespace,
    'service-account': flags.serviceAccount,
  });
  const optional = { signer, pod, 'node-agent': nodeAgent, 'ttl-seconds': ttl };
  for (const [key, value] of Object.entries(optional)) {
    if (value !== undefined) query.set(key, value);
  }
  return query;
}

/** Undefined for an answer that is none of istio-ra's. */
async function readAnswer(
  answer: Response,
): Promise<Explanation | { readonly error: string } | undefined> {
  try {
    const body: unknown = await answer.json();
    if (typeof body !== 'object' || body === null) return undefined;
    if (answer.ok) return 'verdict' in body ? (body as Explanation) : undefined;
    return 'error' in body ? { error: String(body.error) } : undefined;
  } catch {
    return undefined;
  }
}
