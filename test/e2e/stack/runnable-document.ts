import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './run-command.ts';

const documents = join(import.meta.dirname, '..', '..', '..', 'docs');

interface Block {
  readonly language: string;
  readonly text: string;
  /** The file that a reader would write it to. */
  readonly file: string | undefined;
}

export interface RunnableDocumentOptions {
  /** Its name under docs/. */
  readonly name: string;
  /** The folder in which the reader would stand. */
  readonly folder: string;
  /** The environment of the commands: all of it, so that nobody's own cluster is ever reached. */
  readonly env: Readonly<Record<string, string>>;
}

/** A document whose named blocks are run as a reader would run them. */
export class RunnableDocument {
  private readonly options: RunnableDocumentOptions;
  private readonly blocks: ReadonlyMap<string, Block>;
  private readonly used = new Set<string>();

  constructor(options: RunnableDocumentOptions) {
    this.options = options;
    this.blocks = readBlocks(options.name, readFileSync(join(documents, options.name), 'utf8'));
  }

  /**
   * Runs a block: bash line by line; YAML is written to the file that the block names, or else given to
   * `kubectl apply`. Returns what it prints; throws where any command of it fails.
   */
  async run(name: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { language, text, file } = this.block(name);
    const options = { cwd: this.options.folder, env: { ...this.options.env, ...env } };
    if (file !== undefined) {
      mkdirSync(this.options.folder, { recursive: true });
      writeFileSync(join(this.options.folder, file), text);
      return '';
    }
    if (language === 'yaml') {
      return mustRun('kubectl', ['apply', '-f', '-'], { ...options, input: text });
    }
    return mustRun('bash', ['--norc', '-euo', 'pipefail', '-c', text], options);
  }

  /** The text of a block that is not run by itself, such as what a command should print. */
  text(name: string): string {
    return this.block(name).text;
  }

  /** Named blocks that nobody has run: a reader would trust them for nothing. */
  get unused(): readonly string[] {
    return [...this.blocks.keys()].filter((name) => !this.used.has(name));
  }

  private block(name: string): Block {
    const block = this.blocks.get(name);
    if (block === undefined) throw new Error(`docs/${this.options.name} has no block ${name}`);
    this.used.add(name);
    return block;
  }
}

function readBlocks(document: string, text: string): ReadonlyMap<string, Block> {
  const blocks = new Map<string, Block>();
  for (const match of text.matchAll(
    /^```(yaml|bash|text) name=([\w-]+)(?: file=([\w.-]+))?\n(.*?)^```$/gms,
  )) {
    const [, language = '', name = '', file, body = ''] = match;
    if (blocks.has(name)) throw new Error(`docs/${document} has two blocks ${name}`);
    blocks.set(name, { language, text: body, file });
  }
  return blocks;
}
