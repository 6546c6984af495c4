import { spawn, type ChildProcess } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What the command reads on standard input. */
  readonly input?: string;
  /** Ends the command when aborted. */
  readonly signal?: AbortSignal;
  /** Receives standard error line by line, for progress. */
  readonly onErrorLine?: (line: string) => void;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Thrown when a command that must succeed ends otherwise; the message has what it said. */
export class CommandError extends Error {
  readonly result: CommandResult;

  constructor(command: string, args: readonly string[], result: CommandResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).slice(-2000);
    super(`${command} ${args.join(' ')} ended with ${result.code}: ${said}`);
    this.name = 'CommandError';
    this.result = result;
  }
}

/**
 * Runs a command to its end, whatever that is. Throws only where it cannot be started or is
 * aborted.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { cwd, env, signal } = options;
  const child = spawn(command, args, {
    stdio: 'pipe',
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(signal === undefined ? {} : { signal }),
  });
  endWithUs(child);
  const code = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    // A command ended by a signal has no code; any that is not 0 will do.
    child.once('close', (ended) => resolve(ended ?? 255));
  });
  // A command may end without reading all of its input, which is its right.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  if (options.onErrorLine) readLines(child.stderr, options.onErrorLine);
  const [stdout, stderr, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    code,
  ]);
  return { code: exitCode, stdout, stderr };
}

/** Runs a command that must succeed and returns its standard output; throws `CommandError`. */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await runCommand(command, args, options);
  if (result.code !== 0) throw new CommandError(command, args, result);
  return result.stdout;
}

const running = new Set<ChildProcess>();

/** A command outlives nobody: whoever waited for it is gone then. */
function endWithUs(child: ChildProcess): void {
  if (running.size === 0 && process.listeners('exit').every((listener) => listener !== endAll)) {
    process.on('exit', endAll);
  }
  running.add(child);
  child.once('close', () => running.delete(child));
}

function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
}
