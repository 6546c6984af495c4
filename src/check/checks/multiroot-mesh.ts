import { failed, listed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { isOn, placeOf } from '../control-plane-workload.ts';
import type { ControlPlaneWorkload } from '../control-plane-workload.ts';
import { known } from '../fact.ts';

/** Whether istiod sends every tenant the roots of every other. */
export function multirootMesh({ facts }: Pick<CheckContext, 'facts'>): Check {
  return {
    id: 'multiroot-mesh',
    severity: 'error',
    run: () => judgeMultiroot(known(facts.istiods)),
  };
}

type Istiod = Pick<ControlPlaneWorkload, 'namespace' | 'name' | 'env'>;

export function judgeMultiroot(istiods: readonly Istiod[]): CheckVerdict {
  if (istiods.length === 0)
    return skipped('there is no istiod here: no Deployment with app=istiod');
  const spreading = istiods.filter(({ env }) => isOn(env['ISTIO_MULTIROOT_MESH']));
  if (spreading.length === 0) return ok('istiod leaves the roots of tenants where they are');
  const text = `${listed(spreading.map(placeOf))} has ISTIO_MULTIROOT_MESH=true: every tenant trusts the roots of every other`;
  return failed(text, 'take ISTIO_MULTIROOT_MESH away from istiod, once the move is over');
}
