import { filledTextAt, isJsonObject, listAt, objectAt, textAt } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import { fieldManager } from '../labels.ts';

export interface FieldOwners {
  /** Whether `istio-ra` has applied the field. */
  readonly isOurs: boolean;
  /** Another manager that has written it; `unknown` where it gave no name. */
  readonly other: string | undefined;
}

/** Who has written the field at `path`, such as `f:data`, `f:root-cert.pem`, by `metadata.managedFields`. */
export function ownersOf(metadata: JsonObject, path: readonly string[]): FieldOwners {
  const entries = listAt(metadata, 'managedFields').filter(isJsonObject);
  const owners = entries.filter((entry) => hasField(objectAt(entry, 'fieldsV1'), path));
  const ours = owners.filter(isApplied);
  const others = owners.filter((entry) => !isApplied(entry));
  const other = others.at(0);
  return {
    isOurs: ours.length > 0,
    other: other === undefined ? undefined : (filledTextAt(other, 'manager') ?? 'unknown'),
  };
}

function isApplied(entry: JsonObject): boolean {
  return textAt(entry, 'manager') === fieldManager && textAt(entry, 'operation') === 'Apply';
}

function hasField(fields: JsonObject, path: readonly string[]): boolean {
  let at: unknown = fields;
  for (const step of path) at = isJsonObject(at) ? at[step] : undefined;
  return at !== undefined;
}
