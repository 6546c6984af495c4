import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../stack/run-command.ts';

const file = join(import.meta.dirname, '..', '..', '..', 'docs', 'walkthrough.md');

interface Block {
  readonly language: string;
  readonly text: string;
}

export interface WalkthroughDocumentOptions {
  /** The folder in which the reader would stand. */
  readonly folder: string;
  /** The environment of the commands: all of it, so that nobody's own cluster is ever reached. */
  readonly env: Readonly<Record<string, string>>;
}

/** docs/walkthrough.md, whose named blocks are run as a reader would. */
export class WalkthroughDocument {
  private readonly options: WalkthroughDocumentOptions;
  private readonly blocks: ReadonlyMap<string, Block>;
  private readonly used = new Set<string>();

  constructor(options: WalkthroughDocumentOptions) {
    this.options = options;
    this.blocks = readBlocks(readFileSync(file, 'utf8'));
  }

  /**
   * Runs a block: bash line by line, YAML by `kubectl apply`. Returns what it prints; throws where
   * any command of it fails.
   */
  async run(name: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const block = this.blocks.get(name);
    if (block === undefined) throw new Error(`docs/walkthrough.md has no block ${name}`);
    this.used.add(name);
    const options = { cwd: this.options.folder, env: { ...this.options.env, ...env } };
    if (block.language === 'yaml') {
      return mustRun('kubectl', ['apply', '-f', '-'], { ...options, input: block.text });
    }
    return mustRun('bash', ['-euo', 'pipefail', '-c', block.text], options);
  }

  /** Named blocks that nobody has run: a reader would trust them for nothing. */
  get unused(): readonly string[] {
    return [...this.blocks.keys()].filter((name) => !this.used.has(name));
  }
}

function readBlocks(text: string): ReadonlyMap<string, Block> {
  const blocks = new Map<string, Block>();
  for (const match of text.matchAll(/^```(yaml|bash) name=([\w-]+)\n(.*?)^```$/gms)) {
    const [, language = '', name = '', body = ''] = match;
    if (blocks.has(name)) throw new Error(`docs/walkthrough.md has two blocks ${name}`);
    blocks.set(name, { language, text: body });
  }
  return blocks;
}
