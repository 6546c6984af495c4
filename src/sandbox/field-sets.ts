import { isJsonObject, objectAt } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';

/** Where in an object a field is; lists and plain values are fields as a whole. */
export type FieldPath = readonly string[];

/** Fields of an object, by their paths. */
export class FieldSet {
  readonly #paths = new Map<string, FieldPath>();

  constructor(paths: Iterable<FieldPath> = []) {
    for (const path of paths) this.#paths.set(JSON.stringify(path), path);
  }

  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  has(path: FieldPath): boolean {
    return this.#paths.has(JSON.stringify(path));
  }

  paths(): readonly FieldPath[] {
    return [...this.#paths.values()];
  }

  with(others: readonly FieldPath[]): FieldSet {
    return new FieldSet([...this.#paths.values(), ...others]);
  }

  without(others: readonly FieldPath[]): FieldSet {
    const gone = new FieldSet(others);
    return new FieldSet(this.paths().filter((path) => !gone.has(path)));
  }

  /** As the API writes it: `{ "f:data": { "f:a": {} } }`. */
  toFieldsV1(): JsonObject {
    const root: Record<string, unknown> = {};
    for (const path of this.paths()) {
      let at = root;
      for (const step of path) {
        const next = at[`f:${step}`] ?? {};
        at[`f:${step}`] = next;
        at = next as Record<string, unknown>;
      }
    }
    return root;
  }

  static ofFieldsV1(fields: JsonObject): FieldSet {
    return new FieldSet(leaves(fields).map((path) => path.map((step) => step.slice(2))));
  }

  /** Everything in an object that somebody can own: not its identity, nor what the server keeps. */
  static of(object: JsonObject): FieldSet {
    const { apiVersion, kind, metadata, ...rest } = object;
    const metadataParts = objectAt({ apiVersion, kind, metadata }, 'metadata');
    const given = ownedMetadata.map((name) => [name, metadataParts[name]] as const);
    const owned = Object.fromEntries(given.filter(([, value]) => value !== undefined));
    return new FieldSet(leaves({ ...rest, metadata: owned }));
  }
}

const ownedMetadata = ['labels', 'annotations', 'finalizers', 'ownerReferences'];

function leaves(object: JsonObject, at: FieldPath = []): readonly FieldPath[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const path = [...at, name];
    if (value === undefined || value === null) return [];
    const isInner = isJsonObject(value) && Object.keys(value).length > 0;
    if (isInner) return leaves(value, path);
    // An object without a field is no field of its own, but for the ends of a FieldsV1.
    return isJsonObject(value) && !name.startsWith('f:') ? [] : [path];
  });
}
