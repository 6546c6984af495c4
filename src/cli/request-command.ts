import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { systemClock } from '../base/clock.ts';
import { parseGoDuration } from '../base/go-duration.ts';
import type { KeyAlgorithm } from '../pki/key-pair.ts';
import type { CommandRun } from './command-run.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { jsonDocument, quietOption } from './output-options.ts';
import { tableWidth } from './table.ts';
import { readTokenSubject } from './token-subject.ts';
import { UsageError } from './workspace.ts';

interface RequestFlags {
  readonly address: string;
  readonly root: string;
  readonly serverName?: string;
  readonly token?: string;
  readonly identity?: string;
  readonly trustDomain: string;
  readonly signer?: string;
  readonly impersonate?: string;
  readonly clusterId?: string;
  readonly ttl: string;
  readonly key: KeyAlgorithm;
  readonly timeout: string;
  readonly output: 'table' | 'json' | 'dir';
  readonly out: string;
  readonly quiet?: true;
}

const keys: readonly KeyAlgorithm[] = [
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ecdsa-p256',
  'ecdsa-p384',
];

const after = `
Exit status: 0 issued, 1 failed, 2 wrong usage, 3 not authenticated, 4 refused, 5 request not
acceptable, 6 unavailable (try again), 7 the answer does not verify.

Examples:
  against the sandbox (npm start)
    istio-ra request --root .sandbox/root.pem --server-name istiod.istio-system.svc \\
      --token .sandbox/tokens/foo-httpbin --signer foo
  keep what a workload needs: key.pem, cert-chain.pem, root-cert.pem
    istio-ra request ... -o dir --out ./certificate
`;

/** `istio-ra request`: what a sidecar does to get its certificate, once. */
export function requestCommand(run: CommandRun): Command {
  return new Command('request')
    .description('make a key and CSR, get them signed as a sidecar does, verify and show the chain')
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
    .addOption(new Option('--key <kind>', 'kind of key').choices(keys).default('rsa-2048'))
    .option('--timeout <duration>', 'how long to wait', '90s')
    .addOption(
      new Option('-o, --output <form>', 'what to show')
        .choices(['table', 'json', 'dir'])
        .default('table'),
    )
    .option('--out <folder>', 'where -o dir writes', './certificate')
    .addOption(quietOption('show nothing but errors'))
    .addHelpText('after', after)
    .action(async (flags: RequestFlags) => {
      run.exitWith(await request(flags, run));
    });
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`cannot read ${what}: ${problem}`, { cause });
  }
}

function durationMs(text: string, flag: string): number {
  try {
    return parseGoDuration(text);
  } catch (cause) {
    throw new UsageError(`${flag} ${(cause as Error).message}`, { cause });
  }
}

/** Whom the certificate is for: named, impersonated, or the token's own account. */
function identityOf(flags: RequestFlags, token: string | undefined): string {
  const named = flags.identity ?? flags.impersonate;
  if (named !== undefined) return named;
  if (token === undefined)
    throw new UsageError('name the identity with --identity, or give --token');
  const { namespace, serviceAccount } = readTokenSubject(token);
  return `spiffe://${flags.trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

async function request(flags: RequestFlags, run: CommandRun): Promise<number> {
  const { err } = run.environment;
  const token = flags.token && (await readText(flags.token, 'the token')).trim();
  const rootPem = await readText(flags.root, 'the roots');
  const validitySeconds = Math.floor(durationMs(flags.ttl, '--ttl') / 1000);
  const deadlineMs = durationMs(flags.timeout, '--timeout');
  const identity = identityOf(flags, token);
  // Loaded here, so that --help and wrong usage answer at once.
  const { CertificateCallError, requestCertificate } =
    await import('../server/certificate-client.ts');
  const { makeKeyAndRequest, UnusableAnswerError, verifyAnswer } = await import('./workload.ts');
  const made = await makeKeyAndRequest(identity, flags.key);
  try {
    const chain = await requestCertificate({
      address: flags.address,
      rootPem,
      serverName: flags.serverName,
      protoDirectory: join(run.environment.root, 'proto'),
      token,
      clusterId: flags.clusterId,
      csrPem: made.csrPem,
      validitySeconds,
      // Agents always send the key, empty where nothing is configured.
      certSigner: flags.signer ?? '',
      impersonatedIdentity: flags.impersonate,
      deadlineMs,
    });
    verifyAnswer(chain, { identity, spkiDer: made.spkiDer, now: systemClock.now() });
    await show(chain, { flags, run, privateKeyPem: made.privateKeyPem });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CertificateCallError) {
      err.write(`istio-ra: ${error.code}: ${error.message}\n`);
      return exitCodeOf(error.code);
    }
    if (!(error instanceof UnusableAnswerError)) throw error;
    err.write(`istio-ra: the answer does not verify: ${error.message}\n`);
    return exitCodes.unverified;
  }
}

async function show(
  chain: readonly string[],
  { flags, run, privateKeyPem }: { flags: RequestFlags; run: CommandRun; privateKeyPem: string },
): Promise<void> {
  const { out } = run.environment;
  const { chainTable, describeChain } = await import('./chain-table.ts');
  switch (flags.output) {
    case 'table':
      if (flags.quiet !== true) out.write(chainTable(chain, tableWidth(out)));
      return;
    case 'json': {
      // Without the key: a terminal or a log is no place for it, and -o dir keeps it.
      const answer = { certificates: describeChain(chain), certChain: chain };
      out.write(jsonDocument(answer));
      return;
    }
    case 'dir':
      await mkdir(flags.out, { recursive: true });
      await writeFile(join(flags.out, 'key.pem'), privateKeyPem, { mode: 0o600 });
      // As Istio's agent gives them to Envoy: the chain holds every element, the roots the last.
      await writeFile(join(flags.out, 'cert-chain.pem'), chain.join(''));
      await writeFile(join(flags.out, 'root-cert.pem'), chain.at(-1) ?? '');
      if (flags.quiet !== true)
        out.write(`wrote key.pem, cert-chain.pem and root-cert.pem to ${flags.out}\n`);
  }
}
