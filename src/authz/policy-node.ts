import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { ParsedNode } from 'yaml';
import { YamlDocument, YamlError } from '../base/yaml-document.ts';
import { SignerPolicyError } from './policy-problem.ts';
import type { SourceLocation, PolicyProblem } from './policy-problem.ts';

/** A value of the policy file that knows where it stands. */
export type PolicyNode = SourceLocation &
  (
    | { readonly kind: 'mapping'; readonly entries: readonly PolicyEntry[] }
    | { readonly kind: 'list'; readonly items: readonly PolicyNode[] }
    | { readonly kind: 'scalar'; readonly value: unknown }
  );

export interface PolicyEntry {
  readonly key: string;
  /** Where the value's path and the key's line are. */
  readonly place: SourceLocation;
  readonly value: PolicyNode;
}

/** What a ConfigMap can hold. */
const maxTextLength = 1 << 20;

/**
 * Reads YAML, or JSON as the part of YAML that it is. An empty text is an empty mapping. Aliases and
 * tags are refused: a policy says what it says where it says it. `what` is how errors call the whole
 * text. Throws SignerPolicyError.
 */
export function parsePolicyNode(
  text: string,
  what: 'the policy' | 'the file' = 'the policy',
): PolicyNode {
  if (text.length > maxTextLength) {
    throw new SignerPolicyError([
      { line: 1, path: '', problem: `${what} is longer than ${maxTextLength} characters` },
    ]);
  }
  const document = readDocument(text, what);
  const problems = [...document.errors(), ...document.warnings()].map(({ message, line }) => ({
    line,
    path: '',
    problem: `not YAML: ${message}`,
  }));
  if (problems.length > 0) throw new SignerPolicyError(firstOfEachLine(problems));
  if (document.contents === null || isBlank(document.contents)) {
    return { kind: 'mapping', entries: [], path: '', line: 1 };
  }
  const converter = new Converter(document);
  const node = converter.convert(document.contents, '');
  if (converter.problems.length > 0) throw new SignerPolicyError(converter.problems);
  return node;
}

function readDocument(text: string, what: string): YamlDocument {
  try {
    return YamlDocument.parse(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new SignerPolicyError([{ line: 1, path: '', problem: `${what} ${error.message}` }]);
  }
}

/** A text of nothing but comments is one empty scalar. */
function isBlank(node: ParsedNode): boolean {
  return isScalar(node) && node.value === null && node.source === '';
}

/** One slip makes a parser stumble again and again. */
function firstOfEachLine(problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  return [...new Map(problems.toReversed().map((problem) => [problem.line, problem])).values()];
}

class Converter {
  readonly problems: PolicyProblem[] = [];
  readonly #document: YamlDocument;

  constructor(document: YamlDocument) {
    this.#document = document;
  }

  convert(node: ParsedNode, path: string): PolicyNode {
    const place = { path, line: this.#document.lineOf(node) };
    if (isMap(node)) {
      const entries = node.items.flatMap(({ key, value }) => this.#entry(key, value, place));
      return { ...place, kind: 'mapping', entries };
    }
    if (isSeq(node)) {
      const items = node.items.map((item, at) => this.convert(item, `${path}[${at}]`));
      return { ...place, kind: 'list', items };
    }
    if (isAlias(node)) {
      this.problems.push({ ...place, problem: 'aliases are not read here: write the value out' });
      return { ...place, kind: 'scalar', value: null };
    }
    return { ...place, kind: 'scalar', value: node.value };
  }

  #entry(
    key: ParsedNode,
    value: ParsedNode | null,
    parent: SourceLocation,
  ): readonly PolicyEntry[] {
    if (!isScalar(key) || typeof key.value !== 'string') {
      const problem = 'a field must have a text for its name';
      this.problems.push({ path: parent.path, line: this.#document.lineOf(key), problem });
      return [];
    }
    const place = { path: pathOf(parent.path, key.value), line: this.#document.lineOf(key) };
    const node: PolicyNode =
      value === null ? { ...place, kind: 'scalar', value: null } : this.convert(value, place.path);
    return [{ key: key.value, place, value: node }];
  }
}

function pathOf(parent: string, key: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}
