// Jest loads these two files itself, without our transform; Node strips the types of the rest.
export default async function startServer() {
  if (process.env.CONTRACT_SERVER !== 'real' || process.env.CONTRACT_KUBECONFIG) return;
  const { startContractControlPlane } = await import('./support/control-plane.ts');
  const { kubeconfig, etcdUrl, tokenKeyFile, stop } = await startContractControlPlane();
  process.env.CONTRACT_KUBECONFIG = kubeconfig;
  process.env.CONTRACT_ETCD = etcdUrl;
  process.env.CONTRACT_TOKEN_KEY = tokenKeyFile;
  globalThis.stopContractControlPlane = stop;
}
