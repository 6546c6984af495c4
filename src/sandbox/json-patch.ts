import { isJsonObject, isSameJson } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';
import { badRequest, StatusError } from './status-error.ts';

const maxOperations = 10_000;

/** A JSON patch (RFC 6902) applied to a copy of `target`. Throws a StatusError (400, 422). */
export function jsonPatch(target: JsonObject, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations');
  if (patch.length > maxOperations) {
    const message = `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`;
    throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
  }
  return (patch as unknown[]).reduce<unknown>(applyOperation, structuredClone(target));
}

function applyOperation(document: unknown, operation: unknown): unknown {
  if (!isJsonObject(operation)) throw badRequest('an operation of a JSON patch is an object');
  const path = stepsOf(operation['path']);
  switch (operation['op']) {
    case 'test':
      if (!isSameJson(read(document, path), operation['value'])) throw rejected();
      return document;
    case 'remove':
      return write(document, path, undefined, 'remove');
    case 'add':
      return write(document, path, operation['value'], 'add');
    case 'replace':
      read(document, path);
      return write(document, path, operation['value'], 'replace');
    case 'copy':
      return write(document, path, read(document, stepsOf(operation['from'])), 'add');
    case 'move': {
      const from = stepsOf(operation['from']);
      const value = read(document, from);
      return write(write(document, from, undefined, 'remove'), path, value, 'add');
    }
    default:
      throw rejected();
  }
}

function stepsOf(pointer: unknown): readonly string[] {
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/'))) {
    throw badRequest('a path of a JSON patch starts with a slash');
  }
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function rejected(): StatusError {
  const message = 'the server rejected our request due to an error in our request';
  return new StatusError(422, 'Invalid', message, {});
}

function read(document: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((current, step) => {
    const value: unknown = isContainer(current) ? current[step as keyof typeof current] : undefined;
    if (value === undefined) throw rejected();
    return value;
  }, document);
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

type Mode = 'add' | 'replace' | 'remove';

/** `document` is a private copy, so it may be changed in place. */
function write(document: unknown, path: readonly string[], value: unknown, mode: Mode): unknown {
  const last = path.at(-1);
  if (last === undefined) return mode === 'remove' ? null : value;
  const parent = read(document, path.slice(0, -1));
  if (Array.isArray(parent)) writeEntry(parent as unknown[], last, value, mode);
  else if (isContainer(parent)) writeField(parent as Record<string, unknown>, last, value, mode);
  else throw rejected();
  return document;
}

function writeEntry(list: unknown[], step: string, value: unknown, mode: Mode): void {
  const index = step === '-' ? list.length : Number(step);
  if (!Number.isInteger(index) || index < 0 || index > list.length) throw rejected();
  if (mode === 'add') list.splice(index, 0, value);
  else if (mode === 'replace') list.splice(index, 1, value);
  else list.splice(index, 1);
}

function writeField(
  object: Record<string, unknown>,
  field: string,
  value: unknown,
  mode: Mode,
): void {
  // Defined, not assigned: a field may have a name such as __proto__.
  if (mode !== 'remove') {
    Object.defineProperty(object, field, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else if (!Reflect.has(object, field)) throw rejected();
  else Reflect.deleteProperty(object, field);
}
