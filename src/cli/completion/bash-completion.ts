import type { CommandWords, CompletedValue } from './command-words.ts';
import { functionName, quoteForShell } from './shell-quote.ts';

/**
 * A completion script for bash, also for the 3.2 of macOS; it needs no bash-completion. `path` in it is
 * the command so far, such as `/audit/verify`, and empty for the program itself.
 */
export function bashCompletion(program: string, commands: readonly CommandWords[]): string {
  const name = functionName(program, []);
  return `# Completion of ${program} for bash; enable it with: source <(${program} completion bash)
${name}_files() {
  compopt -o filenames 2>/dev/null
  local IFS=$'\\n'
  COMPREPLY=($(compgen "$1" -- "$2"))
}

${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local command_path='' index words='' options=''
  COMPREPLY=()
  # bash takes the "=" of --flag=value for a word of its own.
  if [[ "$current" == '=' ]]; then
    current=''
  elif [[ "$previous" == '=' ]] && ((COMP_CWORD > 1)); then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$command_path/\${COMP_WORDS[index]}" in
${commands
  .filter(({ path }) => path.length > 0)
  .map(descent)
  .join('')}    esac
  done
  case "$command_path $previous" in
${commands.flatMap((command) => valueBranches(name, command)).join('')}  esac
  case "$command_path" in
${commands.map((command) => wordBranch(name, command)).join('')}  esac
  [[ "$current" == -* ]] && words="$options"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}

complete -F ${name} ${program}
`;
}

function pathOf(path: readonly string[]): string {
  return path.map((word) => `/${word}`).join('');
}

function descent({ path }: CommandWords): string {
  const text = quoteForShell(pathOf(path));
  return `      ${text}) command_path=${text} ;;\n`;
}

/** What follows a flag that takes a value: that and nothing else. */
function valueBranches(name: string, { path, options }: CommandWords): readonly string[] {
  return options.flatMap(({ flags, value }) => {
    if (value === undefined) return [];
    const patterns = flags.map((flag) => quoteForShell(`${pathOf(path)} ${flag}`));
    return [`    ${patterns.join(' | ')}) ${reply(name, value)}return ;;\n`];
  });
}

function reply(name: string, value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return `COMPREPLY=($(compgen -W ${quoteForShell(value.choices.join(' '))} -- "$current")); `;
    case 'file':
      return `${name}_files -f "$current"; `;
    case 'folder':
      return `${name}_files -d "$current"; `;
    case 'text':
      return '';
  }
}

/** What may stand where no value is due; options only where a dash was typed or nothing else fits. */
function wordBranch(name: string, { path, children, options, argument }: CommandWords): string {
  const flags = quoteForShell(options.flatMap((option) => option.flags).join(' '));
  const words = children.map((child) => child.name);
  if (argument?.kind === 'choices') words.push(...argument.choices);
  const isPath = argument?.kind === 'file' || argument?.kind === 'folder';
  const before = isPath ? `[[ "$current" == -* ]] || { ${reply(name, argument)}return; }; ` : '';
  const offered = words.length === 0 ? '"$options"' : quoteForShell(words.join(' '));
  return `    ${quoteForShell(pathOf(path))}) ${before}options=${flags}; words=${offered} ;;\n`;
}
