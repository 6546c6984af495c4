/** A JSON object that nobody has looked into yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at `key`; an empty one when something else is there. */
export function objectAt(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  return isJsonObject(value) ? value : {};
}

/** The text at `key`, or undefined. */
export function stringAt(parent: JsonObject, key: string): string | undefined {
  const value = parent[key];
  return typeof value === 'string' ? value : undefined;
}

/** The text at `key`; empty when something else is there. */
export function textAt(parent: JsonObject, key: string): string {
  return stringAt(parent, key) ?? '';
}

/** The text at `key`; undefined when it is empty too, as the API often leaves it. */
export function filledTextAt(parent: JsonObject, key: string): string | undefined {
  const text = stringAt(parent, key);
  return text === '' ? undefined : text;
}

/** The list at `key`; an empty one when something else is there. */
export function listAt(parent: JsonObject, key: string): readonly unknown[] {
  const value = parent[key];
  return Array.isArray(value) ? value : [];
}

/** The texts in the list at `key`. */
export function stringsAt(parent: JsonObject, key: string): readonly string[] {
  return listAt(parent, key).filter((item) => typeof item === 'string');
}

/** The entries with text of the object at `key`. */
export function stringMapAt(parent: JsonObject, key: string): Readonly<Record<string, string>> {
  const entries = Object.entries(objectAt(parent, key));
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
