import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, ParsedNode, YAMLMap } from 'yaml';

/** Why a text is not taken as YAML; the message completes "the text …" and names the line where known. */
export class YamlError extends Error {
  /** From 1; undefined where none can be told. */
  readonly line: number | undefined;

  constructor(problem: string, { line, cause }: { line?: number; cause?: unknown } = {}) {
    super(line === undefined ? problem : `${problem} (line ${line})`, { cause });
    this.name = 'YamlError';
    this.line = line;
  }
}

export interface YamlProblem {
  readonly message: string;
  readonly line: number;
}

export interface YamlValueOptions {
  /** `failsafe` leaves scalars as the texts that they are. */
  readonly schema?: 'core' | 'failsafe';
  /** How often aliases may stand for a value; none where it is 0. */
  readonly maxAliases: number;
}

/**
 * Reads YAML 1.2, of which JSON is a part, in time that grows with the text's length.
 *
 * The library by itself takes minutes for some texts that a ConfigMap can hold, so three things are
 * done here: keys that stand twice are looked for in a set and not pair by pair, errors are not
 * decorated with the text around them, and keys that are lists or mappings (which the library writes
 * as texts, each within the other) are refused before a value is made.
 */
export class YamlDocument {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  private constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** Throws YamlError where the text is nested deeper than can be read; all else is a problem. */
  static parse(text: string, schema: 'core' | 'failsafe' = 'core'): YamlDocument {
    const lineCounter = new LineCounter();
    const options = { schema, lineCounter, prettyErrors: false, uniqueKeys: false } as const;
    try {
      // Warnings would go to standard error, past the log.
      return new YamlDocument(parseDocument(text, { ...options, logLevel: 'error' }), lineCounter);
    } catch (cause) {
      // The library recurses, and runs out of stack on some texts.
      throw new YamlError('is nested too deep to be read', { cause });
    }
  }

  /** Null where the text is empty. */
  get contents(): ParsedNode | null {
    return this.#document.contents;
  }

  /** From 1. */
  lineOf(node: ParsedNode): number {
    return this.#lineAt(node.range[0]);
  }

  /** What is not YAML, or stands twice in a mapping, in the order of the text. */
  errors(): readonly YamlProblem[] {
    const broken = this.#document.errors.map(({ code, message, pos }) => ({
      // The library's own running out of stack, which it takes for an error in the text.
      message: code === 'RESOURCE_EXHAUSTION' ? 'it is nested too deep to be read' : message,
      at: pos[0],
    }));
    const twice = this.#keysTwice().map((key) => ({ message: keyTwice, at: key.range[0] }));
    return [...broken, ...twice]
      .toSorted((one, other) => one.at - other.at)
      .map(({ message, at }) => ({ message, line: this.#lineAt(at) }));
  }

  /** What is YAML, but means something else than it says: tags that nobody knows. */
  warnings(): readonly YamlProblem[] {
    return this.#document.warnings.map(({ message, pos }) => ({
      message,
      line: this.#lineAt(pos[0]),
    }));
  }

  /** The value that was written. Throws YamlError where it is not YAML that is taken here. */
  toValue(maxAliases: number): unknown {
    const [error] = this.errors();
    if (error !== undefined) {
      throw new YamlError(`is not YAML: ${error.message}`, { line: error.line });
    }
    for (const { items } of mappingsIn(this.contents)) {
      const strange = items.find(({ key }) => !isScalar(key));
      if (strange === undefined) continue;
      const problem = 'is not YAML that is read here: a field must have a text for its name';
      throw new YamlError(problem, { line: this.lineOf(strange.key) });
    }
    try {
      return this.#document.toJS({ maxAliasCount: maxAliases });
    } catch (cause) {
      const problem = 'is not YAML that is read here: an alias leads nowhere or too far';
      throw new YamlError(problem, { cause });
    }
  }

  #keysTwice(): readonly ParsedNode[] {
    return [...mappingsIn(this.contents)].flatMap(({ items }) => {
      const names = new Set<string>();
      return items.flatMap(({ key }) => {
        if (!isScalar(key)) return [];
        const name = nameOf(key.value as string | number | boolean | null);
        if (names.has(name)) return [key];
        names.add(name);
        return [];
      });
    });
  }

  #lineAt(offset: number): number {
    return this.#lines.linePos(offset).line;
  }
}

/** As the library calls it. */
const keyTwice = 'Map keys must be unique';

/** The value of a text. Throws YamlError. */
export function readYaml(text: string, options: YamlValueOptions): unknown {
  return YamlDocument.parse(text, options.schema).toValue(options.maxAliases);
}

/** Two scalars that differ but read alike would be one field of the value. */
function nameOf(key: string | number | boolean | null): string {
  return key === null ? '' : String(key);
}

/** Every mapping; without recursion, whatever the depth. */
function* mappingsIn(root: ParsedNode | null): Generator<YAMLMap.Parsed> {
  const open: (ParsedNode | null)[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isSeq(node)) for (const item of node.items) open.push(item);
    if (!isMap(node)) continue;
    yield node;
    for (const { key, value } of node.items) open.push(key, value);
  }
}
