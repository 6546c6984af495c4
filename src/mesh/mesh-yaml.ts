import { isJsonObject } from '../base/json.ts';
import { readYaml, YamlError } from '../base/yaml-document.ts';
import { MeshConfigError } from './mesh-config-error.ts';
import { asMapping } from './mesh-values.ts';
import type { Mapping } from './mesh-values.ts';

/** A few, so that a small text cannot unfold into a large value. */
const maxAliases = 16;

/** The fields of a mesh config, YAML as in Istio's ConfigMap or file. Throws MeshConfigError. */
export function readMeshYaml(text: string): Mapping {
  return asMapping(valueOf(text), 'mesh config');
}

function valueOf(text: string): unknown {
  try {
    return readYaml(text, { maxAliases });
  } catch (cause) {
    if (!(cause instanceof YamlError)) throw cause;
    throw new MeshConfigError('', `mesh config ${cause.message}`, { cause });
  }
}

/**
 * One mesh config over another, as Istio lays the main one over the shared one: mappings are joined
 * field by field, and everything else, lists too, is replaced. A field that is null counts as absent.
 */
export function layMeshOver(under: Mapping, over: Mapping): Mapping {
  const names = new Set([...Object.keys(under), ...Object.keys(over)]);
  const fields = [...names].map(
    (name) => [name, layered(own(under, name), own(over, name))] as const,
  );
  return Object.fromEntries(fields);
}

function layered(under: unknown, over: unknown): unknown {
  if (over === undefined || over === null) return under;
  return isJsonObject(under) && isJsonObject(over) ? layMeshOver(under, over) : over;
}

function own(mapping: Mapping, name: string): unknown {
  return Object.hasOwn(mapping, name) ? mapping[name] : undefined;
}
