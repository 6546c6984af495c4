import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { createLogger } from '../base/logger.ts';
import { StartStack } from '../base/start-stack.ts';
import type { Logger } from '../base/logger.ts';
import { parseListenAddress } from '../base/listen-address.ts';
import type { CommandRun } from './command-run.ts';
import { exitCodes } from './exit-codes.ts';
import { jsonDocument, outputOption, quietOption } from './output-options.ts';
import type { SandboxFlags } from './sandbox-flags.ts';
import { stylerFor } from './terminal.ts';
import type { TextSink } from './terminal.ts';
import { untilSignal } from './until-signal.ts';
import { withProgress } from './with-progress.ts';
import { UsageError, Workspace } from './workspace.ts';

const after = `
Examples:
  npm start                    start, show the demo, stay up
  npm start -- --exit          end after the demo, with status 0 when it came out right
  npm start -- --exit --quiet  the same, told by the status alone
  npm start -- -o json         the addresses as JSON, once all of it runs
  npm start -- --grpc 127.0.0.1:0 --api-port 0 --dir /tmp/ra   beside another one
`;

/** `istio-ra sandbox`: a mesh's surroundings and the authority in one process, on loopback. */
export function sandboxCommand(run: CommandRun): Command {
  return new Command('sandbox')
    .description('start a toy Kubernetes API, three toy CAs and the authority on 127.0.0.1')
    .option('--dir <folder>', 'where tokens, roots and kubeconfig are left', '.sandbox')
    .option('--exit', 'end after the demo instead of staying up')
    .option('--grpc <host:port>', 'where CreateCertificate is served', '127.0.0.1:15012')
    .option('--api-port <port>', 'where the Kubernetes API is served, on 127.0.0.1', '16443')
    .option('--http <host:port>', 'where /ready is served', '127.0.0.1:15021')
    .option('--monitoring <host:port>', 'where /metrics is served', '127.0.0.1:15014')
    .option('--debug <host:port>', 'where the page is served', '127.0.0.1:9876')
    .addOption(outputOption())
    .addOption(quietOption('show nothing but errors'))
    .addHelpText('after', after)
    .action(async (flags: SandboxFlags) => {
      run.exitWith(await runSandbox(flags, run));
    });
}

async function runSandbox(flags: SandboxFlags, run: CommandRun): Promise<number> {
  for (const flag of ['grpc', 'http', 'monitoring', 'debug'] as const) checkFlag(flag, flags[flag]);
  const stack = new StartStack();
  try {
    return await runIn(stack, flags, run);
  } finally {
    await stack.stop();
  }
}

async function runIn(stack: StartStack, flags: SandboxFlags, run: CommandRun): Promise<number> {
  const { out, err, env } = run.environment;
  const isQuiet = flags.quiet === true;
  const output = isQuiet || flags.output === 'json' ? silence : out;
  const stopAsked = untilSignal();
  const startedAt = systemClock.monotonic();
  const workspace = await Workspace.take(resolve(flags.dir));
  stack.defer(() => workspace.release());
  const log = fileLogger(workspace);
  const { startSandboxMesh } = await import('./sandbox-mesh.ts');
  const mesh = await withProgress({ sink: err, isQuiet, what: 'starting the sandbox' }, () =>
    startSandboxMesh({ flags, run, workspace, log, stack }),
  );
  const styled = stylerFor(output, env);
  const took = ((systemClock.monotonic() - startedAt) / 1000).toFixed(1);
  output.write(mesh.banner(styled, took));
  const good = await mesh.runDemo(output, styled);
  if (flags.output === 'json') {
    const { version } = run;
    out.write(jsonDocument({ version, addresses: mesh.addresses, asItShouldBe: good }));
  }
  if (!good) err.write('istio-ra: the demo did not come out as it should\n');
  if (flags.exit === true) {
    output.write(`\n${good ? 'All as it should be.' : 'Something is wrong: see above.'}\n`);
  } else {
    output.write(mesh.linesToPaste(styled));
    await stopAsked;
    output.write('\nstopping …\n');
  }
  return good ? exitCodes.ok : exitCodes.failed;
}

/** For what is told to people, where nobody listens. */
const silence: TextSink = { write: () => true };

function checkFlag(flag: string, value: string): void {
  try {
    parseListenAddress(value);
  } catch (cause) {
    throw new UsageError(`--${flag} ${(cause as Error).message}`, { cause });
  }
}

/** The demo is on the terminal; what the parts say of themselves goes to a file beside it. */
function fileLogger(workspace: Workspace): Logger {
  const destination = createWriteStream(workspace.path('istio-ra.log'), { mode: 0o600 });
  return createLogger({ level: 'debug', destination });
}
