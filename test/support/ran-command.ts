import { join } from 'node:path';
import { runCommandLine } from '../../src/cli/command-line.ts';

const root = join(import.meta.dirname, '../..');

/** What a command left: its exit status, and what it wrote to which stream. */
export interface RanCommand {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface RanOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The width of the terminal; a pipe where absent. */
  readonly columns?: number;
}

/** Runs one command line in this process, to its end. */
export async function ranCommand(
  words: readonly string[],
  { env = {}, columns }: RanOptions = {},
): Promise<RanCommand> {
  const written = { out: '', err: '' };
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  const status = await runCommandLine({
    arguments: words,
    env,
    root,
    out: { ...terminal, write: (text) => (written.out += text) },
    err: { ...terminal, write: (text) => (written.err += text) },
  });
  return { status, ...written };
}
