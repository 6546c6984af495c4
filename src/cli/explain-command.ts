import { Command } from 'commander';
import type { Explanation } from '../app/explainer.ts';
import type { CommandRun } from './command-run.ts';
import { exitCodes } from './exit-codes.ts';
import { formatTable, paintFor } from './terminal.ts';
import type { Paint } from './terminal.ts';
import { UsageError } from './workspace.ts';

interface Flags {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly signer?: string;
  readonly pod?: string;
  readonly nodeAgent?: string;
  readonly ttl?: string;
  readonly address: string;
  readonly output: string;
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
    .option('-o, --output <format>', 'text or json', 'text')
    .addHelpText('after', after)
    .action(async (flags: Flags) => {
      if (flags.output !== 'text' && flags.output !== 'json') {
        throw new UsageError('--output must be text or json');
      }
      const explanation = await ask(flags);
      const { out, env } = run.environment;
      out.write(
        flags.output === 'json'
          ? `${JSON.stringify(explanation, undefined, 2)}\n`
          : describeExplanation(explanation, paintFor(out, env)),
      );
      if (explanation.verdict.kind === 'refused') run.exitWith(exitCodes.failed);
    });
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

const marks = { won: '*', refused: '!', lost: ' ', off: ' ', void: ' ' } as const;

/** An explanation in words, the verdict first. */
function describeExplanation(explanation: Explanation, paint: Paint): string {
  const rows = explanation.steps.map((step) => [
    marks[step.verdict as keyof typeof marks],
    step.from,
    step.source ?? '-',
    step.signers.join(', ') || '-',
    step.because,
  ]);
  const facts = factsOf(explanation);
  return [
    `${explanation.identity}\n`,
    describeVerdict(explanation, paint),
    '\nWhat was asked, strongest first:\n',
    formatTable([['', 'FROM', 'SOURCE', 'SIGNERS', 'BECAUSE'], ...rows]),
    facts.length === 0 ? '' : `\n${formatTable(facts)}`,
    describeRefusals(explanation),
  ].join('');
}

function describeVerdict({ verdict }: Explanation, paint: Paint): string {
  if (verdict.kind === 'refused') {
    const { because, code, reason } = verdict;
    return `${paint('red', 'REFUSED')}  ${because} (${code}, ${reason})\n`;
  }
  const { signer, assignedBy, servedInsteadOf } = verdict;
  const instead = servedInsteadOf === undefined ? '' : `, instead of ${servedInsteadOf}`;
  return `${paint('green', 'GRANTED')}  ${signer}, by ${assignedBy}${instead}\n`;
}

function factsOf({ roots, lifetime, nodeAgent, mayApprove, issuer }: Explanation): string[][] {
  const trusted = roots.map(({ subject, notAfter, sha256 }) => [
    'trusts',
    `${subject}, until ${notAfter}, sha256 ${sha256.slice(0, 16)}`,
  ]);
  return [
    ...(lifetime === undefined ? [] : [['lifetime', describeLifetime(lifetime)]]),
    ...(nodeAgent === undefined ? [] : [['node agent', describeNodeAgent(nodeAgent)]]),
    ...(mayApprove === undefined ? [] : [['right to approve', describeRight(mayApprove)]]),
    ...(issuer === undefined ? [] : [['issuer', issuer]]),
    ...trusted,
  ];
}

function describeLifetime({ seconds, refused }: NonNullable<Explanation['lifetime']>): string {
  return refused ?? `${seconds ?? 0} s`;
}

function describeNodeAgent({ account, trusted }: NonNullable<Explanation['nodeAgent']>): string {
  return trusted ? `${account} is trusted` : `${account} is NOT in CA_TRUSTED_NODE_ACCOUNTS`;
}

function describeRight(mayApprove: boolean | string): string {
  if (typeof mayApprove === 'string') return mayApprove;
  return mayApprove ? 'held' : 'MISSING: verb approve on signers in certificates.k8s.io';
}

function describeRefusals({ recentRefusals }: Explanation): string {
  if (recentRefusals.length === 0) return '';
  const rows = recentRefusals.map(({ time, code, reason, certSigner, requestId }) => [
    new Date(time).toISOString(),
    code ?? '',
    reason ?? '',
    certSigner ?? '-',
    requestId,
  ]);
  return `\nRefused lately:\n${formatTable([['TIME', 'CODE', 'REASON', 'ASKED FOR', 'REQUEST'], ...rows])}`;
}
