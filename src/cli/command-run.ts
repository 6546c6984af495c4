import type { CommandEnvironment } from './terminal.ts';

/** What every command is made with. */
export interface CommandRun {
  readonly environment: CommandEnvironment;
  readonly version: string;
  /** Sets the exit status of a command that ends without an error. */
  readonly exitWith: (code: number) => void;
}
