import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/error-message.ts';
import {
  CertificateCallError,
  isRetriedByAgents,
  requestCertificate,
} from '../../server/certificate-client.ts';
import { chainTable, describeChain } from '../chain-table.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { jsonDocument } from '../output-options.ts';
import { tableWidth } from '../text-table.ts';
import type { CommandEnvironment } from '../terminal.ts';
import { withProgress } from '../with-progress.ts';
import { UnusableAnswerError } from '../workload.ts';
import { Authority } from './authority.ts';
import { adviceFor } from './call-advice.ts';
import { writeCertificate } from './certificate-folder.ts';
import { filesLine } from './certificate-report.ts';
import type { ToldFailure } from './certificate-report.ts';
import { agentRetries, obtainCertificate } from './certificate-round.ts';
import type { ObtainedCertificate, RoundOptions } from './certificate-round.ts';
import type { RequestPlan } from './request-plan.ts';
import { watchCertificate } from './watch-certificate.ts';

export interface RequestEdges {
  readonly environment: CommandEnvironment;
  readonly clock: Clock;
  readonly random: Random;
}

/** Asks once and shows what came. Returns the exit status. */
export function requestOnce(plan: RequestPlan, edges: RequestEdges): Promise<number> {
  const authority = authorityOf(plan, edges);
  return reportingFailure({ plan, edges, authority }, async () => {
    const round = { plan, edges, authority, retries: 0 };
    const obtained = await obtain(round, new AbortController().signal);
    if (plan.folder !== undefined) await writeCertificate(plan.folder, obtained);
    edges.environment.out.write(shown(obtained, plan, edges.environment));
  });
}

/** Keeps a certificate until `signal` aborts. Returns the exit status. */
export function requestAndWatch(
  plan: RequestPlan,
  edges: RequestEdges,
  signal: AbortSignal,
): Promise<number> {
  const authority = authorityOf(plan, edges);
  return reportingFailure({ plan, edges, authority }, () =>
    watchCertificate(
      {
        plan,
        environment: edges.environment,
        clock: edges.clock,
        random: edges.random,
        obtain: (stopping) => obtain({ plan, edges, authority, retries: agentRetries }, stopping),
        isRetried: isRetriedByAgents,
        describe: describeFailure,
      },
      signal,
    ),
  );
}

interface Asking {
  readonly plan: RequestPlan;
  readonly edges: RequestEdges;
  readonly authority: Authority;
}

function authorityOf(plan: RequestPlan, { environment }: RequestEdges): Authority {
  return new Authority(plan, {
    readText: (path) => readFile(path, 'utf8'),
    call: requestCertificate,
    protoDirectory: join(environment.root, 'proto'),
  });
}

async function obtain(
  { plan, edges, authority, retries }: Asking & Pick<RoundOptions, 'retries'>,
  signal: AbortSignal,
): Promise<ObtainedCertificate> {
  const { clock, environment, random } = edges;
  const options: RoundOptions = {
    identity: await authority.identity(),
    key: plan.key,
    retries,
    clock,
    random,
    ask: (csrPem, stopping) => authority.ask(csrPem, stopping),
    isRetried: isRetriedByAgents,
  };
  const what = `waiting for a certificate from ${plan.address}`;
  return withProgress({ sink: environment.err, isQuiet: plan.isQuiet, what }, () =>
    obtainCertificate(options, signal),
  );
}

function shown(
  { chain }: ObtainedCertificate,
  { form, isQuiet, folder }: RequestPlan,
  { out }: CommandEnvironment,
): string {
  // Without the key: a terminal or a log is no place for it, and --out-dir keeps it.
  if (form === 'json')
    return jsonDocument({ certificates: describeChain(chain), certChain: chain });
  if (isQuiet) return '';
  const written = folder === undefined ? '' : filesLine(folder);
  return form === 'files' ? written : `${chainTable(chain, tableWidth(out))}${written}`;
}

/** Only what this command knows to tell: everything else is for whoever called it. */
async function reportingFailure(
  { plan, edges, authority }: Asking,
  step: () => Promise<void>,
): Promise<number> {
  try {
    await step();
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof CertificateCallError || error instanceof UnusableAnswerError))
      throw error;
    const failure = describeFailure(error);
    const identity = await authority.identity();
    const advice = adviceFor(failure, { ...plan, identity });
    const lines = [
      `${failure.code}: ${failure.message}`,
      ...(advice === undefined ? [] : [advice]),
    ];
    edges.environment.err.write(lines.map((line) => `istio-ra: ${line}\n`).join(''));
    return error instanceof CertificateCallError ? exitCodeOf(error.code) : exitCodes.unverified;
  }
}

function describeFailure(error: unknown): ToldFailure {
  if (error instanceof CertificateCallError) return { code: error.code, message: plain(error) };
  const message = messageOf(error);
  if (!(error instanceof UnusableAnswerError)) return { code: 'FAILED', message };
  return { code: 'UNVERIFIED', message: `the answer does not verify: ${message}` };
}

/** In one line, without what gRPC appends where it has nothing to append. */
function plain({ message }: Error): string {
  return message.replace(/\s+/g, ' ').replace(/\.? Resolution note: ?$/, '');
}
