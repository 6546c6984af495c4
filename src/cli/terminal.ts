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

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof codes;
export type Paint = (style: Style, text: string) => string;

/** Colours for a terminal, plain text for anything else or where NO_COLOR is set (no-color.org). */
export function paintFor(sink: TextSink, env: CommandEnvironment['env']): Paint {
  const noColour = env['NO_COLOR'];
  const plain = sink.isTTY !== true || (noColour !== undefined && noColour !== '');
  if (plain) return (_style, text) => text;
  return (style, text) => `\u001b[${codes[style]}m${text}\u001b[0m`;
}
