import type { Argument, Command, Option } from 'commander';

/** What may stand in one place of a command line. */
export type CompletedValue =
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  | { readonly kind: 'file' }
  | { readonly kind: 'folder' }
  /** Something that nobody can list; `name` says what. */
  | { readonly kind: 'text'; readonly name: string };

export interface CompletedOption {
  /** With their dashes, such as `-o` and `--output`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** What follows it; undefined where nothing has to. */
  readonly value: CompletedValue | undefined;
}

/** All that a shell has to know of one command. */
export interface CommandWords {
  /** The words that lead to it, without the program's own name. */
  readonly path: readonly string[];
  readonly children: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** What follows the options of a command that has no commands below it. */
  readonly argument: CompletedValue | undefined;
}

/** The program and every command below it, outermost first; what `--help` hides is left out. */
export function wordsOfCommands(
  command: Command,
  path: readonly string[] = [],
): readonly CommandWords[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const [argument] = command.registeredArguments;
  return [
    {
      path,
      children: children.map((child) => ({ name: child.name(), description: child.description() })),
      options: help.visibleOptions(command).map(describeOption),
      argument: argument === undefined ? undefined : valueOf(argument, argument.name()),
    },
    ...children.flatMap((child) => wordsOfCommands(child, [...path, child.name()])),
  ];
}

function describeOption(option: Option): CompletedOption {
  const { short, long, flags, description, required } = option;
  const placeholder = /<(.+)>/.exec(flags)?.[1] ?? 'value';
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    value: required ? valueOf(option, placeholder) : undefined,
  };
}

/** By its choices, else by the placeholder that people read in `--help`. */
function valueOf(
  { argChoices }: Pick<Argument | Option, 'argChoices'>,
  placeholder: string,
): CompletedValue {
  if (argChoices !== undefined) return { kind: 'choices', choices: argChoices };
  if (placeholder === 'bool') return { kind: 'choices', choices: ['true', 'false'] };
  if (placeholder.includes('|')) return { kind: 'choices', choices: placeholder.split('|') };
  if (placeholder === 'file' || placeholder === 'folder') return { kind: placeholder };
  return { kind: 'text', name: placeholder };
}
