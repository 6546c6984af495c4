import type { RaConfig } from '../../config/ra-config.ts';
import { failed, listed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import type { ControlPlaneWorkload } from '../control-plane-workload.ts';
import { known } from '../fact.ts';

/** Whether the account that ztunnel runs with may ask for the pods of its node. */
export function ztunnelAccount({ facts, config }: Pick<CheckContext, 'facts' | 'config'>): Check {
  return {
    id: 'ztunnel-account',
    severity: 'error',
    run: () => judgeNodeAgents(known(facts.nodeAgents), config.trustedNodeAccounts),
  };
}

export function judgeNodeAgents(
  agents: readonly Pick<ControlPlaneWorkload, 'namespace' | 'serviceAccount'>[],
  trusted: RaConfig['trustedNodeAccounts'],
): CheckVerdict {
  const accounts = [
    ...new Set(agents.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`)),
  ];
  if (accounts.length === 0) return skipped('there is no ztunnel: no DaemonSet with app=ztunnel');
  const known = trusted.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`);
  const untrusted = accounts.filter((account) => !known.includes(account));
  if (untrusted.length === 0) return ok(`ztunnel runs as ${accounts.join(', ')}, which is trusted`);
  const text = `ztunnel runs as ${listed(untrusted)}, which CA_TRUSTED_NODE_ACCOUNTS does not name: ambient workloads get no certificate`;
  return failed(text, `set CA_TRUSTED_NODE_ACCOUNTS=${[...known, ...untrusted].join(',')}`);
}
