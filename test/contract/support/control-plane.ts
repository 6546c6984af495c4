import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane } from '../../e2e/stack/control-plane.ts';
import { Processes } from '../../e2e/stack/process.ts';
import { ensureTools } from '../../e2e/stack/tools.ts';

export interface ContractControlPlane {
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly etcdUrl: string;
  readonly tokenKeyFile: string;
  stop(): Promise<void>;
}

/** A real etcd, API server and controller manager with Istio's ProxyConfig; ready when it returns. */
export async function startContractControlPlane(): Promise<ContractControlPlane> {
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const tools = await ensureTools({ log });
  const dir = mkdtempSync(join(tmpdir(), 'istio-ra-contract-'));
  const processes = new Processes({ logDir: join(dir, 'logs') });
  const stop = async (): Promise<void> => {
    await processes.stopAll();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const wantsBundles = process.env['CONTRACT_TRUST_BUNDLES'] === '1';
    const apiServerFlags = wantsBundles ? trustBundleFlags : [];
    const controlPlane = await startControlPlane({ dir, tools, processes, apiServerFlags });
    const { kubectl, kubeconfig, ports } = controlPlane;
    await kubectl.applyFile(tools.crds.proxyConfig);
    await kubectl.run('wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all');
    // A server that has seen everything remembers everything: none of its versions would be too old.
    await controlPlane.restartApiServer();
    return {
      kubeconfig,
      etcdUrl: `http://127.0.0.1:${ports.etcd}`,
      tokenKeyFile: join(dir, 'pki', 'service-accounts.key'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What turns ClusterTrustBundles on, which are off by default. */
const trustBundleFlags = [
  '--feature-gates=ClusterTrustBundle=true',
  '--runtime-config=certificates.k8s.io/v1beta1/clustertrustbundles=true',
];
