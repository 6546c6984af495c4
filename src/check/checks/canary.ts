import { workloadId } from '../../pki/spiffe-id.ts';
import { isForbidden } from '../../kube/api-error.ts';
import { maxCanaryMs, sendCanary } from '../send-canary.ts';
import { failed, skipped } from '../check.ts';
import type { Check } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';
import { checkEach } from '../used-signers.ts';

type Context = Pick<CheckContext, 'config' | 'facts' | 'ports' | 'makesCanaries' | 'signers'>;

const serviceAccount = 'istio-ra-canary';

/** One request to each signer, where it is wanted. */
export function canaryChecks({
  config,
  facts,
  ports,
  makesCanaries,
  signers,
}: Context): readonly Check[] {
  const { podNamespace: namespace, approval } = config;
  if (!makesCanaries) {
    const run = () => skipped('--canary makes one request to each signer, and removes it again');
    return [{ id: 'canary', severity: 'error', run }];
  }
  return checkEach('canary', signers, (signer) => ({
    severity: 'error',
    limitMs: maxCanaryMs,
    run: async (signal) => {
      known(facts.server);
      const { trust, config: mesh } = known(facts.mesh).snapshot;
      const identity = workloadId({ trustDomain: mesh.trustDomain, namespace, serviceAccount });
      const order = { signer, identity, roots: trust.anchorsOf(signer), approval };
      try {
        return await sendCanary(order, ports, signal);
      } catch (error) {
        if (!isForbidden(error)) throw error;
        const text = `${signer}: ${error instanceof Error ? error.message : ''}`;
        return failed(text, 'see the checks of rights, and docs/rbac.md');
      }
    },
  }));
}
