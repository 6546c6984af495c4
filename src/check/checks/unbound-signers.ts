import { failed, listed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';

/** Whether each signer is bound to its tenant by an exclusive rule. */
export function unboundSigners({ facts }: Pick<CheckContext, 'facts'>): Check {
  return {
    id: 'unbound-signers',
    severity: 'warning',
    run: () => {
      known(facts.mesh);
      return judgeBinding(known(facts.policy).unboundSigners);
    },
  };
}

export function judgeBinding(unbound: readonly string[]): CheckVerdict {
  if (unbound.length === 0) return ok('an exclusive rule binds every signer');
  const text = `no exclusive rule binds ${listed(unbound)}: who may write ProxyConfigs in a namespace can have it there`;
  return failed(text, 'write a rule with `exclusive: true` for each into the signer policy');
}
