/** Values of a real installation: three replicas beside an istiod, with all that istio-ra keeps for others. */
export const chartValues = {
  mode: 'beside',
  replicaCount: 3,
  app: {
    signers: ['istio-system', 'foo', 'bar'],
    servingCertificate: { signer: 'clusterissuers.cert-manager.io/istio-system' },
    rootDistribution: { enabled: true },
    istiodTls: { enabled: true },
  },
  admissionPolicy: { enabled: true },
  podDisruptionBudget: { enabled: true },
  networkPolicy: { enabled: true },
};
