import { failed, ok } from '../check.ts';
import type { Check } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';
import { describeRight, neededRights } from '../needed-rights.ts';
import type { NeededRight } from '../needed-rights.ts';
import { reviewerFor } from '../reviewer.ts';
import type { Reviewer } from '../reviewer.ts';

type Context = Pick<CheckContext, 'config' | 'facts' | 'ports' | 'account' | 'signers'>;

/** One check for each right that the features which are on need. */
export function rightChecks(context: Context): readonly Check[] {
  const { config, facts, signers, account } = context;
  const needed = neededRights({
    config,
    signers: signers.kind === 'known' ? signers.value : [],
    isMeshInConfigMap: facts.mesh.kind === 'unknown' || facts.mesh.value.isConfigMap,
  });
  const review = reviewerFor(context);
  const who = `system:serviceaccount:${account.namespace}:${account.name}`;
  const checks = needed.map((right) => rightCheck(right, review, { who, server: facts.server }));
  if (signers.kind === 'known') return checks;
  const about = 'rights for signers';
  return [...checks, { id: 'right', about, severity: 'error', run: () => known<never>(signers) }];
}

function rightCheck(
  { question, purpose, severity }: NeededRight,
  review: Reviewer,
  { who, server }: { readonly who: string } & Pick<CheckContext['facts'], 'server'>,
): Check {
  const about = describeRight(question);
  return {
    id: 'right',
    about,
    severity,
    run: async (signal) => {
      known(server);
      if (await review(question, signal)) return ok(`${about}: held (${purpose})`);
      const fix = `grant ${who} that right, as docs/rbac.md has it, or switch off what needs it`;
      return failed(`${about}: missing (${purpose})`, fix);
    },
  };
}
