import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { connectKubernetes } from './connect-kubernetes.ts';
import type { ConnectOptions, KubernetesApi } from './connect-kubernetes.ts';
import { loadClusterAccess } from './kubeconfig.ts';
import type { ClusterAccessOptions } from './kubeconfig.ts';

export interface OpenClusterOptions {
  /** Where to look for the cluster. */
  readonly kubernetes: Omit<ClusterAccessOptions, 'clock' | 'log'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  readonly onCall?: ConnectOptions['onCall'];
}

/** Finds the cluster and connects to it; the first call opens the connection. Close it after use. */
export async function openCluster(options: OpenClusterOptions): Promise<KubernetesApi> {
  const { kubernetes, clock, version, onCall } = options;
  const log = options.log.scope('kube');
  const access = await loadClusterAccess({ ...kubernetes, clock, log });
  log.info('using the Kubernetes API', { server: access.server, origin: access.origin });
  return connectKubernetes({ access, clock, userAgent: `istio-ra/${version}`, onCall, log });
}
