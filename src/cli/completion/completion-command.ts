import { Argument, Command } from 'commander';
import type { CommandRun } from '../command-run.ts';
import { bashCompletion } from './bash-completion.ts';
import { wordsOfCommands } from './command-words.ts';
import type { CommandWords } from './command-words.ts';
import { fishCompletion } from './fish-completion.ts';
import { zshCompletion } from './zsh-completion.ts';

const writers = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Record<string, (program: string, commands: readonly CommandWords[]) => string>;
type Shell = keyof typeof writers;

const after = `
Enable it, in the file that your shell reads when it starts:
  ~/.bashrc                    source <(istio-ra completion bash)
  ~/.zshrc, after compinit     source <(istio-ra completion zsh)
  ~/.config/fish/config.fish   istio-ra completion fish | source
`;

/** `istio-ra completion`: a script by which a shell completes what this program has, as it stands here. */
export function completionCommand({ environment }: CommandRun): Command {
  const shells = new Argument('<shell>', 'whose').choices(Object.keys(writers));
  const command = new Command('completion')
    .description('print a script that completes commands, flags and their values in a shell')
    .addArgument(shells)
    .addHelpText('after', after);
  return command.action((shell: Shell) => {
    const program = outermost(command);
    environment.out.write(writers[shell](program.name(), wordsOfCommands(program)));
  });
}

function outermost(command: Command): Command {
  return command.parent === null ? command : outermost(command.parent);
}
