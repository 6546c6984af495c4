import type { CommandWords, CompletedOption, CompletedValue } from './command-words.ts';
import { functionName, quoteForShell } from './shell-quote.ts';

/** A completion script for zsh: to be sourced, or to be put into a folder of $fpath as `_istio-ra`. */
export function zshCompletion(program: string, commands: readonly CommandWords[]): string {
  const name = functionName(program, []);
  return `#compdef ${program}
# Completion of ${program} for zsh; enable it with: source <(${program} completion zsh)
${commands.map((command) => zshFunction(program, command)).join('\n')}
if [[ "$funcstack[1]" == '${name}' ]]; then
  ${name} "$@"
else
  compdef ${name} ${program}
fi
`;
}

function zshFunction(program: string, command: CommandWords): string {
  const name = functionName(program, command.path);
  const body = command.children.length > 0 ? branch(program, command) : leaf(command);
  return `${name}() {\n${body}}\n`;
}

function leaf({ options, argument }: CommandWords): string {
  const specs = [
    ...options.map(optionSpec),
    ...(argument === undefined ? [] : [quoteForShell(`1${action(argument)}`)]),
  ];
  return `  _arguments -s ${specs.map((spec) => `\\\n    ${spec}`).join(' ')}\n`;
}

function branch(program: string, { path, children, options }: CommandWords): string {
  const described = children.map(
    ({ name, description }) => `    ${quoteForShell(`${name}:${description}`)}\n`,
  );
  const calls = children.map(
    ({ name }) => `        ${quoteForShell(name)}) ${functionName(program, [...path, name])} ;;\n`,
  );
  const specs = options.map((option) => ` \\\n    ${optionSpec(option)}`);
  return `  local context state state_descr line
  typeset -A opt_args
  local -a commands=(
${described.join('')}  )
  _arguments -C${specs.join('')} \\
    '1: :->command' \\
    '*:: :->rest'
  case "$state" in
    command) _describe -t commands command commands ;;
    rest)
      case "$words[1]" in
${calls.join('')}      esac ;;
  esac
`;
}

/** Such as '(-o --output)'{-o+,--output=}'[what to show]:form:(text json)'. */
function optionSpec({ flags, description, value }: CompletedOption): string {
  const explained = `[${description.replace(/[\\[\]]/g, '\\$&')}]`;
  const rest = quoteForShell(`${explained}${value === undefined ? '' : action(value)}`);
  const written = flags.map((flag) => (value === undefined ? flag : withValue(flag)));
  if (written.length === 1) return `${quoteForShell(written.join(''))}${rest}`;
  return `${quoteForShell(`(${flags.join(' ')})`)}{${written.join(',')}}${rest}`;
}

/** The value may be the next word, or follow in the same one. */
function withValue(flag: string): string {
  return flag.startsWith('--') ? `${flag}=` : `${flag}+`;
}

function action(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return `:value:(${value.choices.join(' ')})`;
    case 'file':
      return ':file:_files';
    case 'folder':
      return ':folder:_files -/';
    case 'text':
      return `:${value.name.replaceAll(':', '\\:')}: `;
  }
}
