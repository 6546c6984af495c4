import { isJsonObject } from '../base/json.ts';
import { MeshConfigError } from './mesh-config-error.ts';

/** A part of a mesh config, read by its fields' names. */
export type Mapping = Readonly<Record<string, unknown>>;

/** What is absent is empty. Each of these throws MeshConfigError naming the path. */
export function asMapping(value: unknown, path: string): Mapping {
  if (value === undefined || value === null) return {};
  if (isJsonObject(value)) return value;
  throw new MeshConfigError(path, 'must be a mapping');
}

export function asList(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new MeshConfigError(path, 'must be a list');
}

export function asText(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new MeshConfigError(path, 'must be a string');
}

/** A list of texts, none of them empty; `what` completes "must name …". */
export function asNames(value: unknown, path: string, what: string): readonly string[] {
  return asList(value, path).map((item, index) => {
    const name = asText(item, `${path}[${index}]`);
    if (name !== undefined && name !== '') return name;
    throw new MeshConfigError(`${path}[${index}]`, `must name ${what}`);
  });
}
