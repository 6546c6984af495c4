import type { Stoppable } from '../base/lifecycle.ts';
import type { Leadership } from '../kube/leader-election.ts';
import { ClusterTrustBundleReconciler } from './cluster-trust-bundle-reconciler.ts';
import type {
  ClusterTrustBundleReconcilerOptions,
  TrustBundlesProgress,
} from './cluster-trust-bundle-reconciler.ts';
import { WhileLeader } from './while-leader.ts';

export interface TrustBundleWriterOptions extends Omit<
  ClusterTrustBundleReconcilerOptions,
  'mayWrite'
> {
  readonly leadership: Leadership;
}

export interface TrustBundleWriter extends Stoppable {
  /** Undefined while another replica leads. */
  progress(): TrustBundlesProgress | undefined;
  /** Undefined while all is well, or another replica leads. */
  lastError(): unknown;
}

/** Keeps a ClusterTrustBundle for each signer that has roots, while this replica leads. */
export function startTrustBundleWriter(options: TrustBundleWriterOptions): TrustBundleWriter {
  const { leadership } = options;
  const reconciler = new WhileLeader(leadership, () => {
    const fresh = new ClusterTrustBundleReconciler({
      ...options,
      mayWrite: () => leadership.isLeader,
    });
    fresh.start();
    return fresh;
  });
  return {
    progress: () => reconciler.current?.progress(),
    lastError: () => reconciler.current?.lastError,
    stop: () => reconciler.stop(),
  };
}
