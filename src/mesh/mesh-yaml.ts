import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { MeshConfigError } from './mesh-config-error.ts';
import { asMapping, isMapping } from './mesh-values.ts';
import type { Mapping } from './mesh-values.ts';

/** The fields of a mesh config, YAML as in Istio's ConfigMap or file. Throws MeshConfigError. */
export function readMeshYaml(text: string): Mapping {
  const lineCounter = new LineCounter();
  const document = readDocument(text, lineCounter);
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lineCounter.linePos(error.pos[0]);
    const problem = `mesh config is not YAML: ${error.message.split('\n')[0] ?? ''}`;
    throw new MeshConfigError('', problem, { line, cause: error });
  }
  return asMapping(valueOf(document), 'mesh config');
}

function readDocument(text: string, lineCounter: LineCounter): Document.Parsed {
  try {
    // Warnings would go to standard error, past the log.
    return parseDocument(text, { lineCounter, uniqueKeys: true, logLevel: 'error' });
  } catch (cause) {
    // The library recurses, and runs out of stack on some texts.
    throw new MeshConfigError('', 'mesh config is nested too deep to be read', { cause });
  }
}

function valueOf(document: Document.Parsed): unknown {
  try {
    // Aliases are refused beyond a few, so that a small text cannot unfold into a large value.
    return document.toJS({ maxAliasCount: 16 });
  } catch (cause) {
    const problem = 'mesh config is not YAML that is read here: an alias leads nowhere or too far';
    throw new MeshConfigError('', problem, { cause });
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
  return isMapping(under) && isMapping(over) ? layMeshOver(under, over) : over;
}

function own(mapping: Mapping, name: string): unknown {
  return Object.hasOwn(mapping, name) ? mapping[name] : undefined;
}
