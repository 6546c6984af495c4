import { styleText } from 'node:util';

/** Where a command writes; a terminal where `isTTY` is true. */
export interface TextSink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** What a command gets from the process that it runs in. */
export interface CommandEnvironment {
  readonly arguments: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The package's folder, where proto/ and package.json lie. */
  readonly root: string;
  readonly out: TextSink;
  readonly err: TextSink;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Styler = (style: Style, text: string) => string;

/** Colours for a terminal, plain text for anything else or where NO_COLOR is set (no-color.org). */
export function stylerFor(sink: TextSink, env: CommandEnvironment['env']): Styler {
  const noColour = env['NO_COLOR'];
  const plain = sink.isTTY !== true || (noColour !== undefined && noColour !== '');
  if (plain) return (_style, text) => text;
  // Not left to styleText: the sink and the environment are those that the command was given.
  return (style, text) => styleText(style, text, { validateStream: false });
}
