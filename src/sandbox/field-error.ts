import { StatusError } from './status-error.ts';
import type { StatusCause } from './status-error.ts';

/** One field that breaks a rule, in the words of the API server. */
export interface FieldError {
  readonly field: string;
  readonly reason: string;
  readonly message: string;
}

function quoted(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? `"${JSON.stringify(value)}"`
    : JSON.stringify(value);
}

export function invalid(field: string, value: unknown, why: string): FieldError {
  return { field, reason: 'FieldValueInvalid', message: `Invalid value: ${quoted(value)}: ${why}` };
}

export function required(field: string, why = ''): FieldError {
  const message = why === '' ? 'Required value' : `Required value: ${why}`;
  return { field, reason: 'FieldValueRequired', message };
}

export function notSupported(
  field: string,
  value: unknown,
  supported: readonly string[],
): FieldError {
  const list = supported.map((entry) => JSON.stringify(entry)).join(', ');
  const message = `Unsupported value: ${quoted(value)}: supported values: ${list}`;
  return { field, reason: 'FieldValueNotSupported', message };
}

export function duplicate(field: string, value: unknown): FieldError {
  return { field, reason: 'FieldValueDuplicate', message: `Duplicate value: ${quoted(value)}` };
}

export function forbiddenField(field: string, why: string): FieldError {
  return { field, reason: 'FieldValueForbidden', message: `Forbidden: ${why}` };
}

export function tooLong(field: string, limit: number): FieldError {
  const message = `Too long: may not be more than ${limit} bytes`;
  return { field, reason: 'FieldValueTooLong', message };
}

export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** The 422 that lists every broken rule. */
export function invalidObject(
  { group, kind }: GroupKind,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const causes: StatusCause[] = errors.map(({ field, reason, message }) => ({
    reason,
    message,
    field,
  }));
  const lines = errors.map(({ field, message }) => `${field}: ${message}`);
  const list = lines.length === 1 ? (lines[0] ?? '') : `[${lines.join(', ')}]`;
  const qualified = group === '' ? kind : `${kind}.${group}`;
  return new StatusError(422, 'Invalid', `${qualified} "${name}" is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    ...(kind === '' ? {} : { kind }),
    causes,
  });
}
