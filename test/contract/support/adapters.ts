import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { connectKubernetes } from '../../../src/kube/client-node/connect-kubernetes.ts';
import type { KubernetesApi } from '../../../src/kube/client-node/connect-kubernetes.ts';
import { loadClusterAccess } from '../../../src/kube/client-node/kubeconfig.ts';
import type { ContractServer } from './contract-server.ts';

/** The production adapters over a server, as the holder of a token. */
export async function connectAdapters(
  { url, caPem }: Pick<ContractServer, 'url' | 'caPem'>,
  token: string,
): Promise<KubernetesApi> {
  const folder = mkdtempSync(join(tmpdir(), 'istio-ra-contract-'));
  const kubeconfigPath = join(folder, 'kubeconfig');
  const ca = Buffer.from(caPem).toString('base64');
  const name = 'contract';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': ca } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  writeFileSync(kubeconfigPath, stringify(config), { mode: 0o600 });
  try {
    const clock = systemClock;
    const access = await loadClusterAccess({ kubeconfigPath, clock, log: silentLogger });
    return connectKubernetes({ access, clock, userAgent: 'istio-ra/contract' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
