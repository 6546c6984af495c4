import { failed, listed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { isOn, placeOf } from '../control-plane-workload.ts';
import type { ControlPlaneWorkload } from '../control-plane-workload.ts';
import { known } from '../fact.ts';

/** Whether an istiod beside us leaves certificates, and the roots for clients, to us. */
export function istiodCaServer({ facts, config }: Pick<CheckContext, 'facts' | 'config'>): Check {
  const writes = config.rootDistribution !== undefined || config.istiodTlsSecret !== undefined;
  return {
    id: 'istiod-ca-server',
    severity: writes ? 'error' : 'warning',
    run: () =>
      config.front === undefined
        ? judgeCaServer(known(facts.istiods))
        : skipped('istiod is behind us, and what reaches it we choose'),
  };
}

type Istiod = Pick<ControlPlaneWorkload, 'namespace' | 'name' | 'env'>;

export function judgeCaServer(istiods: readonly Istiod[]): CheckVerdict {
  if (istiods.length === 0)
    return skipped('there is no istiod here: no Deployment with app=istiod');
  // Absent means true.
  const signing = istiods.filter(({ env }) => isOn(env['ENABLE_CA_SERVER'] ?? 'true'));
  if (signing.length === 0) return ok('istiod does not sign');
  const text = `${listed(signing.map(placeOf))} signs certificates of its own and writes istio-ca-root-cert`;
  return failed(
    text,
    'set ENABLE_CA_SERVER=false under pilot.env of its chart, once the move is over',
  );
}
