import type { ContractServer } from './contract-server.ts';
import { openRealServer } from './real-server.ts';
import { openSandboxServer } from './sandbox-server.ts';

/** The server that this run is about: the one of CONTRACT_KUBECONFIG, or a sandbox of its own. */
export function openContractServer(): Promise<ContractServer> {
  const kubeconfigPath = process.env['CONTRACT_KUBECONFIG'];
  if (kubeconfigPath === undefined) return openSandboxServer();
  return openRealServer({
    kubeconfigPath,
    etcdUrl: process.env['CONTRACT_ETCD'],
    tokenKeyFile: process.env['CONTRACT_TOKEN_KEY'],
  });
}
