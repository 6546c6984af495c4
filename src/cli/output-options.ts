import { Option } from 'commander';

/** How a command that has one result shows it. */
export type OutputForm = 'text' | 'json';

/** `-o`: `text` for people where nothing is typed, `json` for programs. */
export function outputOption(): Option {
  return new Option('-o, --output <form>', 'what to show')
    .choices(['text', 'json'])
    .default('text');
}

/** `--quiet`: what is left then differs, but errors stay and the exit status is the same. */
export function quietOption(help: string): Option {
  return new Option('-q, --quiet', help);
}

/** One JSON document, as `-o json` prints it. */
export function jsonDocument(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
