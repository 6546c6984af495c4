import { describeProblem } from '../../authz/policy-problem.ts';
import { failed, listed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import type { Fact } from '../fact.ts';
import type { PolicyFacts } from '../facts.ts';

/** Whether the rules can be used with this mesh config. */
export function signerPolicy({ facts, config }: Pick<CheckContext, 'facts' | 'config'>): Check {
  const path = config.signerPolicyPath;
  return {
    id: 'signer-policy',
    severity: 'error',
    run: () =>
      path === undefined
        ? skipped('there are no rules (--signerPolicy)')
        : judgePolicy(facts.policy),
  };
}

export function judgePolicy(policy: Fact<PolicyFacts>): CheckVerdict {
  const fix = 'correct the lines of the policy; docs/signer-policy.schema.json tells its form';
  if (policy.kind === 'unknown') return failed(`the policy cannot be used: ${policy.because}`, fix);
  const { problems, policy: read } = policy.value;
  if (problems.length > 0) {
    return failed(`the policy cannot be used: ${listed(problems.map(describeProblem))}`, fix);
  }
  if (read.mode === 'any') {
    const text = 'mode any: every caller gets every signer that it names, tenants are not isolated';
    return failed(text, 'use mode assigned, unless nobody shares this mesh', 'warning');
  }
  return ok(`the policy has ${read.rules.length} rules and ${read.trusts.length} pairs of trust`);
}
