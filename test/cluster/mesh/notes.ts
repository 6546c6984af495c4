import { parseAllDocuments } from 'yaml';

export interface Notes {
  /** Commands for the reader, which stand alone on a line. */
  readonly commands: readonly string[];
  /** The values that istiod's chart is to be given. */
  readonly istiodValues: unknown;
}

/** What NOTES.txt, as helm prints it after the last installation, tells its reader to do. */
export function notesOf(printed: string): Notes {
  const notes = printed.split(/^NOTES:$/m).at(-1) ?? '';
  const blocks = notes
    .split(/\n(?=\S)|\n\n/)
    .map((block) => block.split('\n').filter((line) => line.startsWith('  ')));
  const lines = blocks.flat().map((line) => line.slice(2));
  const commands = lines.filter((line) => line.startsWith('kubectl '));
  const after = notes.split("In the values of istiod's chart:")[1] ?? '';
  const [values = ''] = /(?:\n {2}\S.*|\n)+/.exec(after) ?? [];
  const [document] = parseAllDocuments(values.replaceAll(/^ {2}/gm, ''));
  if (commands.length === 0 || document === undefined) {
    throw new Error(`NOTES.txt has no command or no values:\n${printed}`);
  }
  return { commands, istiodValues: document.toJS() as unknown };
}
