import type { Stoppable } from '../base/lifecycle.ts';
import type { Leadership } from '../kube/leader-election.ts';
import { ClusterTrustBundleKeeper } from './cluster-trust-bundle-keeper.ts';
import type {
  ClusterTrustBundleKeeperOptions,
  TrustBundlesProgress,
} from './cluster-trust-bundle-keeper.ts';
import { WhileLeader } from './while-leader.ts';

export interface TrustBundleWriterOptions extends Omit<
  ClusterTrustBundleKeeperOptions,
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
  const keeper = new WhileLeader(leadership, () => {
    const fresh = new ClusterTrustBundleKeeper({
      ...options,
      mayWrite: () => leadership.isLeader,
    });
    fresh.start();
    return fresh;
  });
  return {
    progress: () => keeper.current?.progress(),
    lastError: () => keeper.current?.lastError,
    stop: () => keeper.stop(),
  };
}
