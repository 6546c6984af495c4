import { defaultRootConfigMapName } from '../distribution/root-config-map-name.ts';
import type { Setting, SettingReader } from './setting.ts';
import { switchVariable, objectName } from './setting-parsers.ts';

/** What we write into the cluster for others to read. */
export const distributionSettings = {
  distributeRoots: {
    ...switchVariable(
      'DISTRIBUTE_ROOTS',
      'write the roots that verify the control plane into every namespace of the mesh',
    ),
    fallback: 'false',
  },
  rootConfigMapName: {
    env: 'PILOT_CA_CERT_CONFIGMAP',
    help: 'the ConfigMap for those roots',
    placeholder: '<name>',
    fallback: defaultRootConfigMapName,
    parse: objectName,
  },
  clusterTrustBundles: {
    ...switchVariable('CLUSTER_TRUST_BUNDLES', 'write a ClusterTrustBundle for each signer'),
    fallback: 'false',
  },
  istiodClusterTrustBundles: switchVariable(
    'ENABLE_CLUSTER_TRUST_BUNDLE_API',
    "istiod's name for CLUSTER_TRUST_BUNDLES",
  ),
  istiodTlsSecret: {
    env: 'ISTIOD_TLS_SECRET',
    help: 'the Secret with a serving certificate for the istiods of our namespace; absent: none',
    placeholder: '<name>',
    parse: objectName,
  },
} satisfies Record<string, Setting<unknown>>;

/** The ConfigMap for the roots; undefined where they are not distributed. */
export function readRootDistribution(
  reader: SettingReader,
): { readonly configMapName: string } | undefined {
  const configMapName = reader.need(distributionSettings.rootConfigMapName);
  return reader.need(distributionSettings.distributeRoots) ? { configMapName } : undefined;
}

export function readClusterTrustBundles(reader: SettingReader): boolean {
  const istiods = reader.read(distributionSettings.istiodClusterTrustBundles);
  return reader.need(distributionSettings.clusterTrustBundles) || istiods === true;
}
