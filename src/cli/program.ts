import { Command } from 'commander';
import { auditCommand } from './audit-command.ts';
import { checkCommand } from './check-command.ts';
import type { CommandRun } from './command-run.ts';
import { completionCommand } from './completion/completion-command.ts';
import { explainCommand } from './explain-command.ts';
import { requestCommand } from './request/request-command.ts';
import { sandboxCommand } from './sandbox-command.ts';
import { serveCommand } from './serve-command.ts';
import { versionCommand } from './version-command.ts';

const commands = [
  serveCommand,
  checkCommand,
  sandboxCommand,
  requestCommand,
  explainCommand,
  auditCommand,
  completionCommand,
  versionCommand,
];

/** The tree of all commands. It throws CommanderError where commander would end the process. */
export function makeProgram(run: CommandRun): Command {
  const { err, out } = run.environment;
  const program = new Command('istio-ra')
    .description("A registration authority for Istio: certificates from each tenant's own CA")
    .version(run.version, '-V, --version', 'print the version')
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void err.write(text),
      outputError: (text, write) => {
        write(text.replace(/^error: /, 'istio-ra: '));
      },
      // Commander takes 80 where there is no terminal.
      getOutHelpWidth: () => widthOf(out),
      getErrHelpWidth: () => widthOf(err),
    })
    .exitOverride();
  for (const make of commands) program.addCommand(make(run));
  giveManners(program, 'istio-ra');
  return program;
}

function widthOf({ isTTY, columns }: CommandRun['environment']['out']): number {
  return isTTY === true && columns !== undefined ? columns : 80;
}

/** Commander hands down its settings only to commands that it has made itself. */
function giveManners(command: Command, path: string): void {
  command.helpCommand(false).showHelpAfterError(`istio-ra: "${path} --help" shows what there is`);
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    giveManners(child, `${path} ${child.name()}`);
  }
}
