import type { PolicyRule } from './authorization.ts';

const reading = ['get', 'list', 'watch'];
const writing = ['create', 'update', 'patch', 'delete'];

/** What a real cluster's role gives a registration authority that may use these signers. */
export function registrationAuthorityRules(signerNames: readonly string[]): readonly PolicyRule[] {
  return [
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests'],
      verbs: [...reading, 'create', 'delete', 'deletecollection'],
    },
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests/approval'],
      verbs: ['update'],
    },
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['signers'],
      resourceNames: signerNames,
      verbs: ['approve', 'attest'],
    },
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['clustertrustbundles'],
      verbs: ['list', 'watch', 'create', 'patch', 'delete'],
    },
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: [''], resources: ['pods', 'namespaces', 'nodes', 'services'], verbs: reading },
    { apiGroups: [''], resources: ['serviceaccounts'], verbs: reading },
    { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: [...reading, ...writing] },
    { apiGroups: [''], resources: ['events'], verbs: [...reading, 'create', 'patch'] },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      verbs: [...reading, 'create', 'update', 'patch'],
    },
    { apiGroups: ['networking.istio.io'], resources: ['proxyconfigs'], verbs: reading },
    {
      apiGroups: ['cert-manager.io'],
      resources: ['issuers', 'clusterissuers'],
      verbs: reading,
    },
  ];
}
