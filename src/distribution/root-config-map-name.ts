/** The ConfigMap that sidecars mount for the roots that verify the control plane; istiod's own name for it. */
export const defaultRootConfigMapName = 'istio-ca-root-cert';
