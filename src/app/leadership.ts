import type { RaConfig } from '../config/ra-config.ts';
import type { Leases } from '../kube/leases.ts';
import { LeaderElection, soleLeader } from '../kube/leader-election.ts';
import type { Leadership } from '../kube/leader-election.ts';
import type { FeedContext } from '../kube/resource-feeds.ts';

/** Starts the election, or declares this replica the leader where it is the only one. */
export function startLeadership(
  config: Pick<RaConfig, 'leaderElection' | 'leaseName' | 'podNamespace' | 'replica'>,
  leases: Leases,
  { clock, random, started, ...context }: FeedContext,
): Leadership {
  if (!config.leaderElection) return soleLeader;
  const { podNamespace: namespace, leaseName: name, replica: identity } = config;
  const log = context.log.scope('kube');
  const election = new LeaderElection({ leases, namespace, name, identity, clock, random, log });
  election.start();
  started.defer(() => election.stop());
  return election;
}
