import type { JsonSchema } from '../../../src/authz/policy-reader.ts';

type Check = (value: unknown, given: unknown, schema: JsonSchema) => boolean;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Each keyword holds for values of other types than its own, as the specification has it. */
const keywords: Readonly<Record<string, Check>> = {
  type: (value, type) => jsonType(value) === type,
  enum: (value, words) => (words as readonly unknown[]).includes(value),
  pattern: (value, pattern) =>
    typeof value !== 'string' || new RegExp(pattern as string, 'u').test(value),
  maxLength: (value, max) => typeof value !== 'string' || Array.from(value).length <= Number(max),
  minItems: (value, min) => !Array.isArray(value) || value.length >= Number(min),
  maxItems: (value, max) => !Array.isArray(value) || value.length <= Number(max),
  items: (value, item) =>
    !Array.isArray(value) || value.every((each) => satisfies(each, item as JsonSchema)),
  required: (value, names) =>
    !isObject(value) || (names as readonly string[]).every((name) => Object.hasOwn(value, name)),
  minProperties: (value, min) => !isObject(value) || Object.keys(value).length >= Number(min),
  maxProperties: (value, max) => !isObject(value) || Object.keys(value).length <= Number(max),
  propertyNames: (value, schema) =>
    !isObject(value) || Object.keys(value).every((key) => satisfies(key, schema as JsonSchema)),
  properties: (value, properties) =>
    !isObject(value) ||
    Object.entries(properties as Readonly<Record<string, JsonSchema>>).every(
      ([name, schema]) => !Object.hasOwn(value, name) || satisfies(value[name], schema),
    ),
  additionalProperties: (value, others, { properties = {} }) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([name, each]) =>
        Object.hasOwn(properties as object, name) ||
        (others !== false && satisfies(each, others as JsonSchema)),
    ),
};
const annotations = new Set(['$schema', 'title', 'description']);

/**
 * A second opinion on a value: JSON schema (draft 2020-12) as far as our schema uses it, written
 * against the specification and not against our readers. Throws on a keyword that it does not know.
 */
export function satisfies(value: unknown, schema: JsonSchema): boolean {
  return Object.entries(schema).every(([keyword, given]) => {
    if (annotations.has(keyword)) return true;
    const check = keywords[keyword];
    if (check === undefined) throw new Error(`the test does not know the keyword ${keyword}`);
    return check(value, given, schema);
  });
}
