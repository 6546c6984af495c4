import { CommanderError } from 'commander';
import { messageOf } from '../base/error-message.ts';
import { ConfigError } from '../config/setting.ts';
import { exitCodes } from './exit-codes.ts';
import { makeProgram } from './program.ts';
import type { CommandEnvironment } from './terminal.ts';
import { UnreachableError } from './unreachable-error.ts';
import { readVersion } from './version.ts';
import { UsageError } from './workspace.ts';

/** Runs one command line to its end and returns the exit status. */
export async function runCommandLine(environment: CommandEnvironment): Promise<number> {
  const version = await readVersion(environment.root);
  let exitCode: number = exitCodes.ok;
  const run = { environment, version, exitWith: (code: number) => (exitCode = code) };
  try {
    await makeProgram(run).parseAsync([...environment.arguments], { from: 'user' });
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
  err.write(`istio-ra: ${messageOf(error)}\n`);
  return error instanceof UnreachableError ? exitCodes.unavailable : exitCodes.failed;
}
