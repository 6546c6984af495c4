import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane } from '../../e2e/stack/control-plane.ts';
import { Processes } from '../../e2e/stack/process.ts';
import { ensureControlPlaneTools, ensureProxyConfigCrd } from '../../e2e/stack/tools.ts';

export interface ContractControlPlane {
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly etcdUrl: string;
  readonly tokenKeyFile: string;
  /** Whether it serves ClusterTrustBundles in v1, as it does from Kubernetes 1.37 on. */
  readonly hasTrustBundles: boolean;
  stop(): Promise<void>;
}

/**
 * A real etcd, API server and controller manager with Istio's ProxyConfig, of the pinned Kubernetes or of
 * the oldest one that builds; ready when it returns.
 */
export async function startContractControlPlane(
  kubernetes: 'pinned' | 'oldest',
): Promise<ContractControlPlane> {
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const tools = await ensureControlPlaneTools(log, kubernetes);
  const proxyConfigCrd = await ensureProxyConfigCrd(log);
  const dir = mkdtempSync(join(tmpdir(), 'istio-ra-contract-'));
  const processes = new Processes({ logDir: join(dir, 'logs') });
  const stop = async (): Promise<void> => {
    await processes.stopAll();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const controlPlane = await startControlPlane({ dir, tools, processes });
    const { kubectl, kubeconfig, ports } = controlPlane;
    await kubectl.applyFile(proxyConfigCrd);
    await kubectl.run('wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all');
    // A server that has seen everything remembers everything: none of its versions would be too old.
    await controlPlane.restartApiServer();
    const served = await kubectl.run('api-resources', '--api-group=certificates.k8s.io', '-o=name');
    return {
      kubeconfig,
      hasTrustBundles: served.split('\n').includes('clustertrustbundles.certificates.k8s.io'),
      etcdUrl: `http://127.0.0.1:${ports.etcd}`,
      tokenKeyFile: join(dir, 'pki', 'service-accounts.key'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
