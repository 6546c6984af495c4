import type { Manifest } from '../stack/kubectl.ts';

const absent = 'absent';
const unready = 'unready';

/** Tenants whose signers never sign: of one there is no issuer, the other's has no CA. */
export const silentSigners = [absent, unready] as const;

/** Namespaces with their ProxyConfigs, the issuer that cannot get ready, and the rights. */
export function silentTenants(): Manifest[] {
  return [
    ...silentSigners.flatMap(tenant),
    {
      apiVersion: 'cert-manager.io/v1',
      kind: 'ClusterIssuer',
      metadata: { name: unready },
      spec: { ca: { secretName: 'there-is-no-such-secret' } },
    },
    ...rightToApprove(),
  ];
}

function tenant(name: string): Manifest[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    {
      apiVersion: 'networking.istio.io/v1beta1',
      kind: 'ProxyConfig',
      metadata: { name: 'signer', namespace: name },
      spec: { environmentVariables: { ISTIO_META_CERT_SIGNER: name } },
    },
  ];
}

function rightToApprove(): Manifest[] {
  const group = 'rbac.authorization.k8s.io';
  const apiVersion = `${group}/v1`;
  const name = 'e2e-silent-tenants';
  const rule = {
    apiGroups: ['certificates.k8s.io'],
    resources: ['signers'],
    resourceNames: silentSigners.map((signer) => `clusterissuers.cert-manager.io/${signer}`),
    verbs: ['approve'],
  };
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules: [rule] },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name: 'istio-ra', namespace: 'istio-system' }],
    },
  ];
}
