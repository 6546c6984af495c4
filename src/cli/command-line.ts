import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/setting.ts';
import { auditCommand } from './audit-command.ts';
import { checkCommand } from './check-command.ts';
import { explainCommand } from './explain-command.ts';
import { exitCodes } from './exit-codes.ts';
import { requestCommand } from './request-command.ts';
import { sandboxCommand } from './sandbox-command.ts';
import { serveCommand } from './serve-command.ts';
import type { CommandEnvironment } from './terminal.ts';
import { readVersion } from './version.ts';
import { UsageError } from './workspace.ts';

const commands = [
  serveCommand,
  checkCommand,
  sandboxCommand,
  requestCommand,
  explainCommand,
  auditCommand,
];

/** Runs one command line to its end and returns the exit status. */
export async function runCommandLine(environment: CommandEnvironment): Promise<number> {
  const { err, out } = environment;
  const version = await readVersion(environment.root);
  let exitCode: number = exitCodes.ok;
  const run = { environment, version, exitWith: (code: number) => (exitCode = code) };
  const program = new Command('istio-ra')
    .description("A registration authority for Istio: certificates from each tenant's own CA")
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .showHelpAfterError('(--help shows what there is)')
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void err.write(text),
    })
    .exitOverride();
  for (const make of commands) {
    program.addCommand(make(run).copyInheritedSettings(program));
  }
  try {
    await program.parseAsync([...environment.arguments], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, environment);
  }
}

function report(error: unknown, { err }: CommandEnvironment): number {
  if (error instanceof CommanderError) {
    // Commander has printed its text; help and version are no errors.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  if (error instanceof ConfigError || error instanceof UsageError) {
    err.write(`${error.message.replace(/^/gm, 'istio-ra: ')}\n`);
    return exitCodes.usage;
  }
  err.write(`istio-ra: ${error instanceof Error ? error.message : String(error)}\n`);
  return exitCodes.failed;
}
