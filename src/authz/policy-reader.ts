import type { PolicyNode } from './policy-node.ts';
import { problemAt } from './policy-problem.ts';
import type { SourceLocation, PolicyProblem } from './policy-problem.ts';

/** A JSON schema (draft 2020-12), as far as readers make them. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A value of the file with its place, so that a later check can name it. */
export interface Located<T> extends SourceLocation {
  readonly value: T;
}

/** The value without its place. */
export function valueOf<T>({ value }: Located<T>): T {
  return value;
}

/**
 * One description of a part of the policy, from which come both the check of a file and the JSON
 * schema for editors: they cannot say different things.
 */
export interface Schema<T> {
  readonly schema: JsonSchema;
  /** Undefined where something is wrong; what, is then among `problems`. */
  read(node: PolicyNode, problems: PolicyProblem[]): Located<T> | undefined;
}

export interface TextForm {
  readonly description: string;
  /** Anchored, ASCII alone, by ECMA-262 with the `u` flag as JSON schema has it. */
  readonly pattern: string;
  readonly maxLength: number;
  /** What the pattern asks for: "must be …". */
  readonly expected: string;
}

/** A text of some form. */
export function text({ description, pattern, maxLength, expected }: TextForm): Schema<string> {
  const form = new RegExp(pattern, 'u');
  return {
    schema: { type: 'string', description, pattern, maxLength },
    read: (node, problems) => {
      const value = textIn(node, expected, problems);
      if (value === undefined) return undefined;
      if (value.length <= maxLength && form.test(value)) return located(node, value);
      return addProblem(node, `must be ${expected}`, problems);
    },
  };
}

/** One of a few words. */
export function oneOf<T extends string>(words: readonly T[], description: string): Schema<T> {
  const expected = `one of ${words.join(', ')}`;
  return {
    schema: { type: 'string', description, enum: words },
    read: (node, problems) => {
      const value = textIn(node, expected, problems);
      if (value === undefined) return undefined;
      const word = words.find((candidate) => candidate === value);
      return word === undefined
        ? addProblem(node, `must be ${expected}`, problems)
        : located(node, word);
    },
  };
}

/** True or false. */
export function flag(description: string): Schema<boolean> {
  return {
    schema: { type: 'boolean', description },
    read: (node, problems) =>
      node.kind === 'scalar' && typeof node.value === 'boolean'
        ? located(node, node.value)
        : addProblem(node, 'must be true or false', problems),
  };
}

export interface ListForm {
  readonly description: string;
  readonly minItems: number;
  readonly maxItems: number;
}

/** A list; those of its items that are wrong are left out, and reported. */
export function list<T>(item: Schema<T>, form: ListForm): Schema<readonly Located<T>[]> {
  const { minItems, maxItems } = form;
  return {
    schema: { type: 'array', ...form, items: item.schema },
    read: (node, problems) => {
      if (node.kind !== 'list') return addProblem(node, 'must be a list', problems);
      if (node.items.length < minItems) {
        return addProblem(node, `must have ${minItems} or more items`, problems);
      }
      if (node.items.length > maxItems) {
        return addProblem(node, `must have ${maxItems} items at most`, problems);
      }
      const items = node.items.flatMap((child) => item.read(child, problems) ?? []);
      return located(node, items);
    },
  };
}

/** A mapping of free keys of some form to texts. */
export function textMapping(
  { key, value }: { readonly key: TextForm; readonly value: TextForm },
  { description, maxItems }: { readonly description: string; readonly maxItems: number },
): Schema<Readonly<Record<string, string>>> {
  const [keyReader, valueReader] = [text(key), text(value)];
  return {
    schema: {
      type: 'object',
      description,
      minProperties: 1,
      maxProperties: maxItems,
      propertyNames: keyReader.schema,
      additionalProperties: valueReader.schema,
    },
    read: (node, problems) => {
      if (node.kind !== 'mapping') return addProblem(node, 'must be a mapping', problems);
      if (node.entries.length === 0)
        return addProblem(node, 'must have 1 or more fields', problems);
      if (node.entries.length > maxItems) {
        return addProblem(node, `must have ${maxItems} fields at most`, problems);
      }
      const pairs = node.entries.flatMap((entry) => {
        const name = keyReader.read({ ...entry.place, kind: 'scalar', value: entry.key }, problems);
        const content = valueReader.read(entry.value, problems);
        return name === undefined || content === undefined ? [] : [[name.value, content.value]];
      });
      return located(node, Object.fromEntries(pairs) as Record<string, string>);
    },
  };
}

export type Fields = Readonly<Record<string, Schema<unknown>>>;

/** A field is undefined where it is absent or wrong. */
export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Schema<infer T> ? Located<T> | undefined : never;
};

/** A mapping with these fields and no others. */
export function fields<F extends Fields>(
  known: F,
  form: { readonly description: string; readonly required?: readonly (keyof F & string)[] },
): Schema<Values<F>> {
  const { description, required = [] } = form;
  const properties = Object.fromEntries(
    Object.entries(known).map(([name, reader]) => [name, reader.schema]),
  );
  return {
    schema: { type: 'object', description, additionalProperties: false, required, properties },
    read: (node, problems) => {
      if (node.kind !== 'mapping') return addProblem(node, 'must be a mapping', problems);
      const values = new Map<string, unknown>();
      for (const { key, place, value } of node.entries) {
        const reader = Object.hasOwn(known, key) ? known[key] : undefined;
        if (reader === undefined) addProblem(place, 'there is no such field', problems);
        else values.set(key, reader.read(value, problems));
      }
      for (const name of required) {
        if (!values.has(name)) addProblem(node, `the field ${name} is missing`, problems);
      }
      return located(node, Object.fromEntries(values) as Values<F>);
    },
  };
}

function textIn(node: PolicyNode, expected: string, problems: PolicyProblem[]): string | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'string') return node.value;
  const isValue = node.kind === 'scalar' && node.value !== null;
  const hint = isValue ? `, as a text: put ${JSON.stringify(node.value)} in quotes` : '';
  addProblem(node, `must be ${expected}${hint}`, problems);
  return undefined;
}

function addProblem(
  place: SourceLocation,
  problem: string,
  problems: PolicyProblem[],
): Located<never> | undefined {
  problems.push(problemAt(place, problem));
  return undefined;
}

function located<T>({ path, line }: SourceLocation, value: T): Located<T> {
  return { path, line, value };
}
