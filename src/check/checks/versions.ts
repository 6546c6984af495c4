import { failed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import type { ControlPlaneWorkload } from '../control-plane-workload.ts';
import { placeOf } from '../control-plane-workload.ts';
import { known } from '../fact.ts';

/** `spec.expirationSeconds` of a CertificateSigningRequest is there since. */
const oldestMinor = 22;

/** Whether Kubernetes is new enough; which istiod there is, is only told. */
export function versions({ facts }: Pick<CheckContext, 'facts'>): Check {
  return {
    id: 'versions',
    severity: 'error',
    run: () => {
      const { istiods } = facts;
      return judgeVersions(
        known(facts.server).version,
        istiods.kind === 'known' ? istiods.value : [],
      );
    },
  };
}

export function judgeVersions(
  kubernetes: string,
  istiods: readonly Pick<ControlPlaneWorkload, 'namespace' | 'name' | 'images'>[],
): CheckVerdict {
  const [, major = '0', minor = '0'] = /^v(\d+)\.(\d+)/.exec(kubernetes) ?? [];
  if (Number(major) < 1 || (major === '1' && Number(minor) < oldestMinor)) {
    const text = `Kubernetes is ${kubernetes}: its CertificateSigningRequests have no lifetime`;
    return failed(text, `upgrade Kubernetes to v1.${oldestMinor} or newer`);
  }
  const beside = istiods.map((istiod) => `${placeOf(istiod)} is ${istiod.images.join(', ')}`);
  return ok([`Kubernetes is ${kubernetes}`, ...beside].join('; '));
}
