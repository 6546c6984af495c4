import type { CommandWords, CompletedOption, CompletedValue } from './command-words.ts';

/** A completion script for fish. */
export function fishCompletion(program: string, commands: readonly CommandWords[]): string {
  const lines = commands.flatMap((command) => {
    const condition = quote(conditionOf(command));
    const start = `complete -c ${program} -n ${condition}`;
    const { children, options, argument } = command;
    return [
      ...children.map(
        ({ name, description }) => `${start} -a ${quote(name)} -d ${quote(description)}`,
      ),
      ...options.map((option) => `${start} ${optionWords(option)}`),
      ...(argument === undefined ? [] : [`${start}${argumentWords(argument)}`]),
    ];
  });
  return `# Completion of ${program} for fish; enable it with: ${program} completion fish | source
complete -c ${program} -f
${lines.join('\n')}
`;
}

/** Every word of the path was typed, and none that leads further down. */
function conditionOf({ path, children }: CommandWords): string {
  const typed = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const further = children.map(({ name }) => name).join(' ');
  const notYet = further === '' ? [] : [`not __fish_seen_subcommand_from ${further}`];
  return [...typed, ...notYet].join('; and ');
}

function optionWords({ flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const follows = value === undefined ? '' : ` -r${argumentWords(value)}`;
  return `${names.join(' ')}${follows} -d ${quote(description)}`;
}

function argumentWords(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return ` -f -a ${quote(value.choices.join(' '))}`;
    case 'file':
      return ' -F';
    case 'folder':
      return " -f -a '(__fish_complete_directories)'";
    case 'text':
      return ' -f';
  }
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
