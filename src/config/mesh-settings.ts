import type { Setting, SettingReader } from './setting.ts';
import { file, switchVariable, objectName } from './setting-parsers.ts';

/** Where Istio's chart mounts the mesh config, where it does. */
const defaultFile = './etc/istio/config/mesh';

/** Where the mesh config comes from, and what of it is believed. */
export const meshSettings = {
  meshConfig: file(
    'meshConfig',
    `Istio's mesh config; absent: ${defaultFile} where it exists, else the ConfigMap of istiod`,
  ),
  sharedMeshConfig: {
    env: 'SHARED_MESH_CONFIG',
    help: 'a ConfigMap whose mesh config lies under the other one',
    placeholder: '<name>',
    parse: objectName,
  },
  trustUnboundRoots: {
    ...switchVariable(
      'TRUST_UNBOUND_ROOTS',
      'send the caCertificates without certSigners to every workload of every tenant',
    ),
    fallback: 'false',
  },
} satisfies Record<string, Setting<unknown>>;

/** An object of one namespace. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

export type MeshSourceConfig =
  /** That file and no other. */
  | { readonly kind: 'file'; readonly path: string }
  /** The file where it exists at the start, else the key `mesh` of the ConfigMap. */
  | { readonly kind: 'found'; readonly path: string; readonly configMap: ObjectName };

/** As istiod finds its mesh config; an empty revision is the one without a name. */
export function readMeshSource(
  reader: SettingReader,
  { namespace, revision }: { readonly namespace: string; readonly revision: string },
): MeshSourceConfig {
  const path = reader.read(meshSettings.meshConfig);
  if (path !== undefined) return { kind: 'file', path };
  const name = revision === '' ? 'istio' : `istio-${revision}`;
  return { kind: 'found', path: defaultFile, configMap: { namespace, name } };
}
