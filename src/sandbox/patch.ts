import { jsonPatch } from './json-patch.ts';
import { isJsonObject } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';
import { parseYamlText } from './resource-request.ts';
import type { RequestBody } from './resource-request.ts';
import { badRequest, StatusError } from './status-error.ts';

/** Server-side apply: a merge of fields, where nobody keeps account of who owns which. */
export const applyType = 'application/apply-patch+yaml';

/** Only the API server's own types know how their lists are merged. */
export const strategicType = 'application/strategic-merge-patch+json';

/** What a PATCH with this body makes of `old`. Throws a StatusError (400, 415, 422). */
export function applyPatch(old: JsonObject, { contentType, bytes }: RequestBody): JsonObject {
  const text = bytes.toString('utf8');
  switch (contentType) {
    case 'application/json-patch+json':
      return asObject(jsonPatch(old, parseJson(text)));
    case 'application/merge-patch+json':
      return asObject(mergePatch(old, parseJson(text)));
    case strategicType:
      return asObject(strategicPatch(old, parseJson(text)));
    case applyType:
      return asObject(mergePatch(old, asObject(parseYamlText(text))));
    default:
      throw unsupportedPatch();
  }
}

export function unsupportedPatch(): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
}

function asObject(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw badRequest('the patch is, or leaves, no object');
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw badRequest(`error decoding patch: ${error instanceof Error ? error.message : ''}`);
  }
}

/** A JSON merge patch (RFC 7396) applied to `target`; neither is changed. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const base = isJsonObject(target) ? target : {};
  const merged = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

/**
 * A strategic merge patch, approximated: its directives are dropped, lists of conditions are merged
 * by type, all other lists are replaced.
 */
export function strategicPatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const base = isJsonObject(target) ? target : {};
  const merged = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    if (value === null) merged.delete(name);
    else if (name === 'conditions') merged.set(name, mergeByType(merged.get(name), value));
    else merged.set(name, strategicPatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

function mergeByType(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(target) || !Array.isArray(patch)) return patch;
  const byType = new Map<unknown, unknown>();
  for (const entry of [...(target as unknown[]), ...(patch as unknown[])]) {
    const type = isJsonObject(entry) ? entry['type'] : entry;
    byType.set(type, strategicPatch(byType.get(type), entry));
  }
  return [...byType.values()];
}
