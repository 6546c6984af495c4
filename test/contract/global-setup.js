// Jest loads these two files itself, without our transform; Node strips the types of the rest.
const kubernetesOf = { real: 'pinned', oldest: 'oldest' };

export default async function startServer() {
  const { CONTRACT_SERVER: server, CONTRACT_KUBECONFIG: given } = process.env;
  if (server === undefined || server === '' || given) return;
  if (!Object.hasOwn(kubernetesOf, server)) {
    throw new Error(`CONTRACT_SERVER is one of ${Object.keys(kubernetesOf)}, not "${server}"`);
  }
  const { startContractControlPlane } = await import('./support/control-plane.ts');
  const started = await startContractControlPlane(kubernetesOf[server]);
  const { kubeconfig, etcdUrl, tokenKeyFile, hasTrustBundles, stop } = started;
  process.env.CONTRACT_KUBECONFIG = kubeconfig;
  process.env.CONTRACT_ETCD = etcdUrl;
  process.env.CONTRACT_TOKEN_KEY = tokenKeyFile;
  process.env.CONTRACT_TRUST_BUNDLES = hasTrustBundles ? '1' : '0';
  globalThis.stopContractControlPlane = stop;
}
