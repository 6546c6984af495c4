import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import type { AssignmentSettings } from '../../../src/authz/assignment-sources.ts';
import type { AssignmentQuestion, Workload } from '../../../src/authz/signer-assignment.ts';
import { parseProxyConfig } from '../../../src/mesh/proxy-config.ts';
import type { Labels } from '../../../src/mesh/proxy-config.ts';
import { ProxyConfigIndex } from '../../../src/mesh/proxy-config-index.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import type { MeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { signerUnder } from '../../../src/mesh/signer-name.ts';
import type { SignerName } from '../../../src/mesh/signer-name.ts';
import { parseTrustDomain, workloadId } from '../../../src/pki/spiffe-id.ts';
import { TestAuthority } from '../../support/test-authority.ts';

export const signerDomain = 'clusterissuers.cert-manager.io';
export const rootNamespace = 'istio-system';

/** The full name of a short one. */
export function signer(path: string): SignerName {
  return signerUnder(signerDomain, path);
}

const { certificatePem } = await TestAuthority.make('root', Date.UTC(2026, 0, 1));

const meshes = new Map<string, MeshSnapshot>();

/** A mesh with roots for these signers, short or full, and this default. */
export function aMeshOf(signers: readonly string[], defaultSigner = ''): MeshSnapshot {
  const certSigners = signers.map((name) => (name.includes('/') ? name : signer(name)));
  const caCertificates = certSigners.length === 0 ? [] : [{ pem: certificatePem, certSigners }];
  const proxyMetadata = { ISTIO_META_CERT_SIGNER: defaultSigner };
  const text = JSON.stringify({ caCertificates, defaultConfig: { proxyMetadata } });
  const mesh = meshes.get(text) ?? loadMeshSnapshot(text, 1);
  meshes.set(text, mesh);
  return mesh;
}

export interface AProxyConfig {
  readonly namespace: string;
  readonly name?: string;
  /** What `spec.environmentVariables.ISTIO_META_CERT_SIGNER` holds; undefined: no such variable. */
  readonly names?: unknown;
  readonly selects?: unknown;
  readonly created?: string;
}

/** A ProxyConfig as an API server sends it. */
export function aProxyConfig(config: AProxyConfig): unknown {
  const { namespace, name = 'pc', names, selects, created = '2026-01-01T00:00:00Z' } = config;
  return {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'ProxyConfig',
    metadata: {
      namespace,
      name,
      uid: `uid-of-${namespace}-${name}`,
      resourceVersion: '7',
      creationTimestamp: created,
    },
    spec: {
      ...(names === undefined ? {} : { environmentVariables: { ISTIO_META_CERT_SIGNER: names } }),
      ...(selects === undefined ? {} : { selector: { matchLabels: selects } }),
    },
  };
}

export interface AWorld {
  readonly policy?: string;
  readonly proxyConfigs?: readonly AProxyConfig[];
  /** Short or full names of the signers that have roots. */
  readonly signers?: readonly string[];
  readonly meshDefault?: string;
  readonly settings?: Partial<AssignmentSettings>;
  readonly workload?: Partial<Omit<Workload, 'identity'>> & {
    readonly namespace?: string;
    readonly serviceAccount?: string;
  };
}

/** Signers istio-system, foo and bar; httpbin of namespace foo asks, from one pod without labels. */
export function aWorld(world: AWorld = {}): AssignmentQuestion {
  const { policy = '', signers = ['istio-system', 'foo', 'bar'], meshDefault } = world;
  const settings = { signerDomain, defaultSigner: undefined, rootNamespace, ...world.settings };
  const index = new ProxyConfigIndex();
  for (const config of world.proxyConfigs ?? []) {
    const entry = parseProxyConfig(aProxyConfig(config));
    if (entry !== undefined) index.put(entry);
  }
  return {
    workload: aWorkload(world.workload),
    policy: parseSignerPolicy(policy, { signerDomain }),
    proxyConfigs: index.current(),
    settings,
    mesh: aMeshOf(signers, meshDefault),
  };
}

export function aWorkload(workload: AWorld['workload'] = {}): Workload {
  const { namespace = 'foo', serviceAccount = 'httpbin', ...rest } = workload;
  const trustDomain = parseTrustDomain('cluster.local');
  const noLabels: Labels = {};
  return {
    identity: workloadId({ trustDomain, namespace, serviceAccount }),
    cluster: 'Kubernetes',
    namespaceLabels: noLabels,
    podLabels: [noLabels],
    ...rest,
  };
}
