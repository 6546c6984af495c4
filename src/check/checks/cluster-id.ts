import type { RaConfig } from '../../config/ra-config.ts';
import { failed, listed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { placeOf } from '../control-plane-workload.ts';
import type { ControlPlaneWorkload } from '../control-plane-workload.ts';
import { known } from '../fact.ts';

/** Whether clients name this cluster by an id that we know. */
export function clusterId({ facts, config }: Pick<CheckContext, 'facts' | 'config'>): Check {
  return {
    id: 'cluster-id',
    severity: 'error',
    run: () => {
      const agents = facts.nodeAgents.kind === 'known' ? facts.nodeAgents.value : [];
      return judgeClusterId([...known(facts.istiods), ...agents], config.cluster);
    },
  };
}

const variables = ['ISTIO_META_CLUSTER_ID', 'CLUSTER_ID'];

export function judgeClusterId(
  workloads: readonly Pick<ControlPlaneWorkload, 'namespace' | 'name' | 'env'>[],
  { id, aliases }: RaConfig['cluster'],
): CheckVerdict {
  const told = workloads.flatMap((workload) => {
    const theirs = variables.map((name) => workload.env[name]).find((value) => value !== undefined);
    return theirs === undefined ? [] : [{ workload: placeOf(workload), theirs }];
  });
  if (told.length === 0) return skipped('no istiod or ztunnel was found that names its cluster');
  const others = told.filter(({ theirs }) => ![id, ...aliases].includes(theirs));
  if (others.length === 0) return ok(`clients name this cluster ${id}, as we do`);
  const text = others.map(({ workload, theirs }) => `${workload} names it ${theirs}`);
  const fix = 'set CLUSTER_ID to the id that they use, or name the others in --clusterAliases';
  return failed(`we know this cluster as ${[id, ...aliases].join(', ')}, but ${listed(text)}`, fix);
}
