import { parseMeshTrustDomain } from '../pki/spiffe-id.ts';
import type { TrustDomain } from '../pki/spiffe-id.ts';
import { readCaCertificates } from './ca-certificate-entry.ts';
import type { CaCertificateEntry } from './ca-certificate-entry.ts';
import { DiscoverySelectors } from './discovery-selectors.ts';
import { MeshConfigError } from './mesh-config-error.ts';
import { asMapping, asText } from './mesh-values.ts';
import type { Mapping } from './mesh-values.ts';
import { layMeshOver, readMeshYaml } from './mesh-yaml.ts';

/** What we read of Istio's MeshConfig (istio.mesh.v1alpha1). Everything else in it is ignored. */
export interface MeshConfig {
  readonly trustDomain: TrustDomain;
  /** Its ProxyConfigs without a selector are for the whole mesh. */
  readonly rootNamespace: string;
  readonly caCertificates: readonly CaCertificateEntry[];
  /** Which namespaces belong to the mesh. */
  readonly discoverySelectors: DiscoverySelectors;
  /** `defaultConfig.proxyMetadata.ISTIO_META_CERT_SIGNER`: the signer of workloads that name none. */
  readonly defaultCertSigner: string | undefined;
  /** `defaultConfig.discoveryAddress`: where workloads look for the control plane. */
  readonly discoveryAddress: string | undefined;
  /** Entries that are there and not used, with the reason, for one warning each. */
  readonly ignored: readonly string[];
}

export interface MeshReading {
  /** A mesh config that lies under the other one; absent: none does. */
  readonly shared?: string | undefined;
  /** Whether caCertificates without certSigners are used; false where absent. */
  readonly trustUnboundRoots?: boolean | undefined;
}

/** Istio's own default, MeshConfig.trust_domain. */
const defaultTrustDomain = 'cluster.local';
/** MeshConfig.root_namespace, which charts set to where Istio is installed. */
const defaultRootNamespace = 'istio-system';
const certSignerVariable = 'ISTIO_META_CERT_SIGNER';

function readRootNamespace(mesh: Mapping): string {
  const text = asText(mesh['rootNamespace'], 'rootNamespace');
  return text === undefined || text === '' ? defaultRootNamespace : text;
}

function readTrustDomain(mesh: Mapping): TrustDomain {
  const text = asText(mesh['trustDomain'], 'trustDomain');
  try {
    return parseMeshTrustDomain(text === undefined || text === '' ? defaultTrustDomain : text);
  } catch (cause) {
    throw new MeshConfigError('trustDomain', 'is not a trust domain', { cause });
  }
}

function readLayers(text: string, shared: string | undefined): Mapping {
  const main = readMeshYaml(text);
  return shared === undefined ? main : layMeshOver(readMeshYaml(shared), main);
}

/**
 * Reads a mesh config, YAML as in Istio's ConfigMap or file. Unknown fields are ignored, as Istio's
 * versions differ in them. Throws MeshConfigError.
 */
export function parseMeshConfig(
  text: string,
  { shared, trustUnboundRoots = false }: MeshReading = {},
): MeshConfig {
  const mesh = readLayers(text, shared);
  const ignored: string[] = [];
  const trustDomain = readTrustDomain(mesh);
  const defaultConfig = asMapping(mesh['defaultConfig'], 'defaultConfig');
  const metadata = asMapping(defaultConfig['proxyMetadata'], 'defaultConfig.proxyMetadata');
  const path = `defaultConfig.proxyMetadata.${certSignerVariable}`;
  return {
    trustDomain,
    rootNamespace: readRootNamespace(mesh),
    caCertificates: readCaCertificates(mesh, { trustDomain, trustUnboundRoots, ignored }),
    discoverySelectors: DiscoverySelectors.parse(mesh['discoverySelectors']),
    defaultCertSigner: present(asText(metadata[certSignerVariable], path)),
    discoveryAddress: present(
      asText(defaultConfig['discoveryAddress'], 'defaultConfig.discoveryAddress'),
    ),
    ignored,
  };
}

function present(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
