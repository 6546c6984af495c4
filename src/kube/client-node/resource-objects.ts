import {
  filledTextAt,
  isJsonObject,
  objectAt,
  stringAt,
  stringMapAt,
  textAt,
} from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import type { ConfigMap, Namespace, Pod, Secret, Service } from '../objects.ts';
import type { ObjectIdentity } from '../resource-versions.ts';

/** Thrown by each of these when `raw` is not even an object with a name; what is missing is empty. */
export function parseConfigMap(raw: unknown): ConfigMap {
  const { object, identity } = parseObject(raw, 'ConfigMap');
  return { ...identity, data: stringMapAt(object, 'data') };
}

export function parseSecret(raw: unknown): Secret {
  const { object, identity } = parseObject(raw, 'Secret');
  const data = Object.entries(stringMapAt(object, 'data')).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString('utf8'),
  ]);
  return { ...identity, data: Object.fromEntries(data) as Record<string, string> };
}

export function parseService(raw: unknown): Service {
  return parseObject(raw, 'Service').identity;
}

export function parseNamespace(raw: unknown): Namespace {
  const { object, identity, metadata } = parseObject(raw, 'Namespace');
  return {
    ...identity,
    labels: stringMapAt(metadata, 'labels'),
    annotations: stringMapAt(metadata, 'annotations'),
    phase: textAt(objectAt(object, 'status'), 'phase'),
  };
}

export function parsePod(raw: unknown): Pod {
  const { object, identity, metadata } = parseObject(raw, 'Pod');
  const spec = objectAt(object, 'spec');
  const deletion = Date.parse(textAt(metadata, 'deletionTimestamp'));
  return {
    ...identity,
    namespace: textAt(metadata, 'namespace'),
    labels: stringMapAt(metadata, 'labels'),
    serviceAccount: textAt(spec, 'serviceAccountName'),
    nodeName: filledTextAt(spec, 'nodeName'),
    phase: textAt(objectAt(object, 'status'), 'phase'),
    deletionTimestamp: Number.isNaN(deletion) ? undefined : deletion,
  };
}

interface ParsedObject {
  readonly object: JsonObject;
  readonly metadata: JsonObject;
  readonly identity: ObjectIdentity & { readonly resourceVersion: string };
}

function parseObject(raw: unknown, kind: string): ParsedObject {
  const object = isJsonObject(raw) ? raw : {};
  const metadata = objectAt(object, 'metadata');
  const name = stringAt(metadata, 'name');
  if (name === undefined) throw new Error(`the object is no ${kind}`);
  const identity = {
    name,
    namespace: filledTextAt(metadata, 'namespace'),
    uid: textAt(metadata, 'uid'),
    resourceVersion: textAt(metadata, 'resourceVersion'),
  };
  return { object, metadata, identity };
}
