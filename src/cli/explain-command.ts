import { Command } from 'commander';
import type { Explanation } from '../app/explainer.ts';
import type { CommandRun } from './command-run.ts';
import { exitCodes } from './exit-codes.ts';
import { describeExplanation, describeVerdict } from './explanation-report.ts';
import { jsonDocument, outputOption, quietOption } from './output-options.ts';
import type { OutputForm } from './output-options.ts';
import { tableWidth } from './table.ts';
import { paintFor } from './terminal.ts';

interface Flags {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly signer?: string;
  readonly pod?: string;
  readonly nodeAgent?: string;
  readonly ttl?: string;
  readonly address: string;
  readonly output: OutputForm;
  readonly quiet?: true;
}

const after = `
It asks an istio-ra that runs, on its loopback debug port:
  in the pod         kubectl exec -n istio-system deploy/istio-ra -- istio-ra explain …
  from a laptop      kubectl port-forward -n istio-system deploy/istio-ra 9876 &
                     istio-ra explain …
The answer comes from the code that decides on requests, not from a copy of it.

Exit status: 0 the request would be granted, 1 it would be refused or could not be explained.
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
    .option('--address <host:port>', 'debug port of istio-ra', '127.0.0.1:9876')
    .addOption(outputOption())
    .addOption(quietOption('show the verdict alone'))
    .addHelpText('after', after)
    .action(async (flags: Flags) => {
      const explanation = await ask(flags);
      run.environment.out.write(shown(explanation, flags, run));
      if (explanation.verdict.kind === 'refused') run.exitWith(exitCodes.failed);
    });
}

function shown(explanation: Explanation, { output, quiet }: Flags, run: CommandRun): string {
  if (output === 'json') return jsonDocument(explanation);
  const { out, env } = run.environment;
  const paint = paintFor(out, env);
  if (quiet === true) return describeVerdict(explanation, paint);
  return describeExplanation(explanation, { paint, width: tableWidth(out) });
}

const withinMs = 10_000;

async function ask(flags: Flags): Promise<Explanation> {
  const query = new URLSearchParams({
    namespace: flags.namespace,
    'service-account': flags.serviceAccount,
  });
  const { signer, pod, nodeAgent, ttl } = flags;
  const optional = { signer, pod, 'node-agent': nodeAgent, 'ttl-seconds': ttl };
  for (const [key, value] of Object.entries(optional)) {
    if (value !== undefined) query.set(key, value);
  }
  const url = `http://${flags.address}/debug/explain?${query.toString()}`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(withinMs) }).catch(
    (cause: unknown) => {
      throw new Error(
        `no istio-ra answers on ${flags.address}: run this in its pod, or forward its debug port (kubectl port-forward deploy/istio-ra 9876)`,
        { cause },
      );
    },
  );
  const body = (await answer.json()) as Explanation & { readonly error?: string };
  if (!answer.ok) throw new Error(body.error ?? `the answer was ${answer.status}`);
  return body;
}
