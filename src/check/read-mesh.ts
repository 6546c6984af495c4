import { stringMapAt } from '../base/json.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { ClusterInspection } from '../kube/cluster-inspection.ts';
import { loadMeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { MeshFacts } from './facts.ts';
import type { CheckPorts } from './ports.ts';

export type MeshSettings = Pick<
  RaConfig,
  'meshSource' | 'sharedConfigMapName' | 'trustUnboundRoots' | 'podNamespace'
>;

/**
 * Reads the mesh config where `serve` would, once. Throws an Error that says what is missing,
 * MeshConfigError, or a `KubeApiError`.
 */
export async function readMesh(
  config: MeshSettings,
  ports: Pick<CheckPorts, 'inspection' | 'readText'>,
  signal: AbortSignal,
): Promise<MeshFacts> {
  const { meshSource, sharedConfigMapName, trustUnboundRoots, podNamespace } = config;
  const shared =
    sharedConfigMapName === undefined
      ? undefined
      : await readConfigMap(
          { namespace: podNamespace, name: sharedConfigMapName },
          ports.inspection,
          signal,
        );
  const file = await ports.readText(meshSource.path);
  if (file !== undefined) {
    const snapshot = loadMeshSnapshot(file, 1, { shared, trustUnboundRoots });
    return { snapshot, origin: `the file ${meshSource.path}`, isConfigMap: false };
  }
  if (meshSource.kind === 'file') throw new Error(`there is no file ${meshSource.path}`);
  const { configMap } = meshSource;
  const text = await readConfigMap(configMap, ports.inspection, signal);
  const snapshot = loadMeshSnapshot(text, 1, { shared, trustUnboundRoots });
  const origin = `the ConfigMap ${configMap.namespace}/${configMap.name}`;
  return { snapshot, origin, isConfigMap: true };
}

/** The key of istiod's ConfigMaps that holds the mesh config. */
const key = 'mesh';

async function readConfigMap(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  inspection: ClusterInspection,
  signal: AbortSignal,
): Promise<string> {
  const selection = { group: '', version: 'v1', resource: 'configmaps', namespace, name };
  const { items } = await inspection.list(selection, signal);
  const text = stringMapAt(items[0], 'data')[key];
  if (text !== undefined) return text;
  const problem = items.length === 0 ? 'does not exist' : `has no key ${key}`;
  throw new Error(`the ConfigMap ${namespace}/${name} ${problem}`);
}
